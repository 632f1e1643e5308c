using ReliableMq.Benchmarks.EndToEnd;
using ReliableMq.Benchmarks.Plans;

return args switch
{
    ["plans", .. var options] => await PlansRun.RunAsync(options),
    _ => await EndToEndRun.RunAsync(args),
};
