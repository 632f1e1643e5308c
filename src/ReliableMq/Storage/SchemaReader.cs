using System.Text.RegularExpressions;

namespace ReliableMq.Storage;

/// <summary>
/// Reads the tables out of <see cref="SchemaScript"/>, so that they are written once and EF's migrations create
/// the same ones. What it does not understand it refuses: a test reads the whole script.
/// </summary>
internal static partial class SchemaReader
{
    public static List<TableDefinition> Read(string script)
    {
        var tables = new List<TableDefinition>();
        foreach (var statement in Comment().Replace(script, "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (Table().Match(statement) is { Success: true } table)
            {
                tables.Add(ReadTable(table.Groups["name"].Value, table.Groups["body"].Value));
            }
            else if (Index().Match(statement) is { Success: true } index)
            {
                tables.Single(known => known.Name == index.Groups["table"].Value).Indexes.Add(new IndexDefinition(
                    index.Groups["name"].Value, Names(index.Groups["columns"]), index.Groups["unique"].Success, TextOrNull(index.Groups["filter"])));
            }
            else if (!Other().IsMatch(statement))
            {
                throw new InvalidOperationException($"The schema's script has a statement that cannot be read: {statement}");
            }
        }

        return tables;
    }

    private static TableDefinition ReadTable(string name, string body)
    {
        var columns = new List<ColumnDefinition>();
        string[] key = [];
        foreach (var part in body.Split(",\n", StringSplitOptions.TrimEntries))
        {
            if (Key().Match(part) is { Success: true } ofTable)
            {
                key = Names(ofTable.Groups["columns"]);
                continue;
            }

            var column = Column().Match(part);
            if (!column.Success)
            {
                throw new InvalidOperationException($"The table \"{name}\" of the schema's script has a part that cannot be read: {part}");
            }

            columns.Add(new ColumnDefinition(
                column.Groups["name"].Value, column.Groups["type"].Value, column.Groups["required"].Success || column.Groups["key"].Success,
                TextOrNull(column.Groups["collation"]), TextOrNull(column.Groups["default"]), TextOrNull(column.Groups["identity"]),
                TextOrNull(column.Groups["check"]), TextOrNull(column.Groups["references"])));
            if (column.Groups["key"].Success)
            {
                key = [columns[^1].Name];
            }
        }

        return new TableDefinition(name, columns, key, []);
    }

    private static string[] Names(Group group) => group.Value.Split(',', StringSplitOptions.TrimEntries);

    private static string? TextOrNull(Group group) => group.Success ? group.Value : null;

    [GeneratedRegex("--.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^CREATE TABLE IF NOT EXISTS \w+\.(?<name>\w+) \((?<body>.*)\)$", RegexOptions.Singleline)]
    private static partial Regex Table();

    [GeneratedRegex("""
        ^(?<name>\w+)\s+(?<type>[a-z]+)(\s+(
            COLLATE\ "(?<collation>\w+)" | (?<required>NOT\ NULL) | (?<key>PRIMARY\ KEY)
            | GENERATED\ (?<identity>ALWAYS|BY\ DEFAULT)\ AS\ IDENTITY | DEFAULT\ (?<default>-?[\w']+(\(\))?)
            | CHECK\ \((?<check>.+)\) | REFERENCES\ \w+\.(?<references>\w+)))*$
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Column();

    [GeneratedRegex(@"^PRIMARY KEY \((?<columns>[\w, ]+)\)$")]
    private static partial Regex Key();

    [GeneratedRegex(@"^CREATE (?<unique>UNIQUE )?INDEX IF NOT EXISTS (?<name>\w+) ON \w+\.(?<table>\w+) \((?<columns>[\w, ]+)\)( WHERE (?<filter>.+))?$")]
    private static partial Regex Index();

    [GeneratedRegex(@"^(SELECT pg_advisory_xact_lock|SELECT FROM pg_catalog|CREATE SCHEMA|INSERT INTO \w+\.schema_version )")]
    private static partial Regex Other();
}

/// <summary>A table as the script creates it.</summary>
internal sealed record TableDefinition(string Name, List<ColumnDefinition> Columns, string[] Key, List<IndexDefinition> Indexes);

/// <summary>A column; everything as SQL.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Required">Whether it is NOT NULL.</param>
/// <param name="Collation">Null means the database's.</param>
/// <param name="Default">Null means none.</param>
/// <param name="Identity"><c>ALWAYS</c>, <c>BY DEFAULT</c> or null.</param>
/// <param name="Check">What its values must fulfil.</param>
/// <param name="References">The table whose key it holds.</param>
internal sealed record ColumnDefinition(
    string Name, string Type, bool Required, string? Collation, string? Default, string? Identity, string? Check, string? References);

/// <summary>An index.</summary>
internal sealed record IndexDefinition(string Name, string[] Columns, bool Unique, string? Filter);
