using System.Text;

namespace Mirror.EventTopic.Tests;

/// <summary>What the topic takes for a CloudEvent.</summary>
public sealed class TopicEventTests
{
    private const string Whole = """{"specversion":"1.0","id":"1","source":"/a","type":"stream.ready","subject":"studio","time":"2026-01-01T00:00:00Z","data":{"stream":"studio"}}""";

    [Theory]
    [InlineData(Whole, null)]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a","type":"t"}""", null)]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a","type":"t","data_base64":"AA==","traceparent":"x"}""", null)]
    [InlineData("""{"specversion":"0.3","id":"1","source":"/a","type":"t"}""", "specversion must be 1.0.")]
    [InlineData("""{"specversion":"1.0","id":"","source":"/a","type":"t"}""", "id must be a text, and not empty.")]
    [InlineData("""{"specversion":"1.0","id":"1","source":7,"type":"t"}""", "source must be a text, and not empty.")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a"}""", "type must be a text, and not empty.")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a","type":"t","time":"yesterday"}""", "time must be a date and time of RFC 3339.")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a","type":"t","subject":null}""", "subject must be a text, and not empty.")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a","type":"t","data":1,"data_base64":"AA=="}""", "data and data_base64 exclude each other.")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/a","type":"t","Extra_Name":1}""", "names of attributes have lower-case letters and digits.")]
    [InlineData("[]", "an event is a JSON object.")]
    [InlineData("{", "The body is no JSON.")]
    [InlineData("", "The body is no JSON.")]
    public void An_event_is_taken_or_its_fault_is_named(string json, string? fault)
    {
        (IReadOnlyList<TopicEvent> events, string? found) = TopicEvent.Parse(Encoding.UTF8.GetBytes(json), isBatch: false);
        Assert.Equal(fault, found);
        Assert.Equal(fault is null ? 1 : 0, events.Count);
    }

    [Fact]
    public void A_batch_is_taken_as_a_whole_or_not_at_all()
    {
        Assert.Equal(2, TopicEvent.Parse(Encoding.UTF8.GetBytes($"[{Whole},{Whole}]"), isBatch: true).Events.Count);
        Assert.Equal(([], "Event 1: an event is a JSON object."), TopicEvent.Parse(Encoding.UTF8.GetBytes($"[{Whole},3]"), isBatch: true));
        Assert.Empty(TopicEvent.Parse("[]"u8.ToArray(), isBatch: true).Events);
        Assert.Empty(TopicEvent.Parse(Encoding.UTF8.GetBytes(Whole), isBatch: true).Events);
    }

    [Fact]
    public void An_event_is_passed_on_unchanged()
        => Assert.Equal(Whole, Encoding.UTF8.GetString(Assert.Single(TopicEvent.Parse(Encoding.UTF8.GetBytes(Whole), isBatch: false).Events).Json));

    [Fact]
    public void An_event_cut_off_anywhere_is_refused()
    {
        byte[] whole = Encoding.UTF8.GetBytes(Whole);
        for (int length = 0; length < whole.Length; length++) { Assert.NotNull(TopicEvent.Parse(whole.AsMemory(0, length), isBatch: false).Fault); }
    }

    [Fact]
    public void A_damaged_event_never_throws()
    {
        byte[] batch = Encoding.UTF8.GetBytes($"[{Whole},{Whole}]");
        var random = new Random(4711);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. batch];
            for (int hits = random.Next(1, 4); hits > 0; hits--) { damaged[random.Next(damaged.Length)] = (byte)random.Next(256); }
            (IReadOnlyList<TopicEvent> events, string? fault) = TopicEvent.Parse(damaged, isBatch: true);
            Assert.Equal(fault is null, events.Count > 0);
        }
    }
}
