// Says which Node this is, and fails if it is too old. In words that an old one understands.
var version = process.versions.node.split(".").map(Number);
console.log(process.versions.node);
process.exit(version[0] > 22 || (version[0] === 22 && version[1] >= 12) || (version[0] === 20 && version[1] >= 19) ? 0 : 1);
