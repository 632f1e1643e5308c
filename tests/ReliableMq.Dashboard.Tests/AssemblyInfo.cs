// Each test has its own database and port, so classes run side by side; two cores carry no more.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
[assembly: AssemblyFixture(typeof(ReliableMq.Dashboard.Tests.Browser.Chromium))]
