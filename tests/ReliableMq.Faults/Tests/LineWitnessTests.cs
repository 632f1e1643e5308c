using System.Text;
using ReliableMq.Faults.Running;
using Shouldly;
using Xunit;

namespace ReliableMq.Faults.Tests;

public sealed class LineWitnessTests
{
    [Fact]
    public void An_id_is_seen_wherever_a_chunk_ends()
    {
        const string Publish = "....producer-1.1-12-late....{\"id\":\"producer-1.1-12-late\"}producer-2.1-3";
        for (var end = 1; end < Publish.Length; end++)
        {
            var witness = new LineWitness();
            witness.Look(Encoding.ASCII.GetBytes(Publish[..end]));
            witness.Look(Encoding.ASCII.GetBytes(Publish[end..]));
            witness.Sightings.Keys.ShouldBe(["producer-1.1-12-late"]);
        }
    }

    [Fact]
    public void The_first_sighting_stays()
    {
        var witness = new LineWitness();
        witness.Look(Encoding.ASCII.GetBytes("producer-1.1-12-late"));
        var first = witness.Sightings.ToDictionary();
        witness.Look(Encoding.ASCII.GetBytes("producer-1.1-12-late producer-1.1-13-late"));
        witness.Sightings["producer-1.1-12-late"].ShouldBe(first["producer-1.1-12-late"]);
        witness.Sightings.Count.ShouldBe(2);
    }
}
