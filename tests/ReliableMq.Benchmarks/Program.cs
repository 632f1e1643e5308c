using ReliableMq.Benchmarks.EndToEnd;
using ReliableMq.Benchmarks.Pages;
using ReliableMq.Benchmarks.Plans;

return args switch
{
    ["plans", .. var options] => await PlansRun.RunAsync(options),
    ["dashboard", .. var options] => await PagesRun.RunAsync(options),
    _ => await EndToEndRun.RunAsync(args),
};
