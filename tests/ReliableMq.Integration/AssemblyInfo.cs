using Xunit;

// Each test has its own virtual host and database, so classes run side by side; two cores carry no more.
[assembly: CollectionBehavior(MaxParallelThreads = 4)]
