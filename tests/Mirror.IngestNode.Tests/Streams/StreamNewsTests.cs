using Azure.Messaging;
using Mirror.IngestNode.Streams;
using Mirror.Streams.Events;
using Mirror.Streams.Registry;

namespace Mirror.IngestNode.Tests.Streams;

/// <summary>Which events the records of a stream make.</summary>
public sealed class StreamNewsTests
{
    private static readonly StreamRecord Connecting = new() { Id = "cam", Type = "srt", SourceAddress = "127.0.0.1:1", CreatedAt = default, LastHeartbeat = default };
    private static readonly StreamRecord Active = Connecting with { Status = StreamStatus.Active };
    private static readonly StreamRecord Silent = Connecting with { Status = StreamStatus.Degraded, StatusReason = "sends nothing", IsPaused = true };
    private static readonly StreamRecord Gone = Connecting with { Status = StreamStatus.Degraded, StatusReason = "disconnected" };

    [Fact]
    public void A_silence_is_told_once_and_so_is_its_end()
        => Assert.Equal(["stream.started", "stream.ready", "stream.degraded", "stream.paused", "stream.resumed"], Told(Connecting, Active, Silent, Silent, Active, Active));

    [Fact]
    public void A_publisher_that_never_sent_is_told_as_paused_and_then_as_ready()
        => Assert.Equal(["stream.started", "stream.degraded", "stream.paused", "stream.ready"], Told(Connecting, Silent, Active));

    [Fact]
    public void A_silent_publisher_that_goes_away_is_told_again()
        => Assert.Equal(["stream.started", "stream.ready", "stream.degraded", "stream.paused", "stream.degraded", "stream.ended"],
            Told(Connecting, Active, Silent, Gone, Gone, Gone with { Status = StreamStatus.Ended }));

    private static string[] Told(params StreamRecord[] records)
    {
        var events = new Recorded();
        var news = new StreamNews(events, new NodeIdentity("node", null), TimeProvider.System);
        var told = new StreamNews.Told();
        foreach (StreamRecord record in records) { news.Tell(told, record); }
        return [.. events.Types];
    }

    private sealed class Recorded : IEvents
    {
        public List<string> Types { get; } = [];

        public bool Publish(CloudEvent happened)
        {
            Types.Add(happened.Type);
            return true;
        }
    }
}
