using Mirror.Streams.Announcements;

namespace Mirror.Streams.Tests.Announcements;

/// <summary>What every adapter of <see cref="IAnnouncements"/> must do. Two nodes each have their own way to the same bus.</summary>
public abstract class AnnouncementsContract : IAsyncLifetime
{
    protected IAnnouncements A { get; private set; } = null!;

    protected IAnnouncements B { get; private set; } = null!;

    public async ValueTask InitializeAsync() => (A, B) = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task Everybody_hears_everything_once_and_in_order()
    {
        using var here = new Listener(A);
        using var there = new Listener(B);
        var stream = new TestStream(A, "cam");
        stream.Start().Parts(40, bytes: 1000).End();
        foreach (Listener listener in (Listener[])[here, there])
        {
            await listener.UntilAsync(heard => heard.Count > 0 && heard[^1] is RenditionEnded, "the end was heard");
            var started = Assert.IsType<RenditionStarted>(listener.Heard[0]);
            Assert.Equal((stream.Rendition, true, 90_000u, 2, TimeSpan.FromMilliseconds(100), TestStream.FirstMsn),
                (started.Rendition, started.IsVideo, started.Timescale, started.TargetDuration, started.PartTarget, started.FirstMsn));
            var init = Assert.IsType<InitReady>(listener.Heard[1]);
            Assert.Equal(("init-1.mp4", 700, "avc1.640028"), (init.Name, init.Length, init.Track.CodecString));
            Assert.Equal(TestStream.Media(40), listener.Media);
            var part = Assert.IsType<PartReady>(listener.Heard[3]);
            Assert.Equal((100L, 1, 9000u, 50L, 1000, false, true, DateTime.UnixEpoch.AddMilliseconds(20_100)),
                (part.Msn, part.PartIndex, part.Duration, part.Offset, part.Length, part.IsIndependent, part.EndsSegment, part.ProgramTime));
            Assert.Equal(43, listener.Heard.Count);
        }
    }

    [Fact]
    public async Task Whoever_stopped_listening_hears_nothing()
    {
        var gone = new Listener(B);
        using var stays = new Listener(B);
        gone.Dispose();
        int before = gone.Heard.Count;
        new TestStream(A, "cam").Start().Parts(2);
        await stays.UntilAsync(heard => heard.Count == 4, "the other heard it");
        Assert.Equal(before, gone.Heard.Count);
    }

    [Fact]
    public async Task All_kinds_arrive_as_they_were_published()
    {
        using var there = new Listener(B);
        var key = TestStream.Key("cam", 0);
        new TestStream(A, "cam").Start(discontinuities: 3);
        Announcement[] sent =
        [
            new PartMissing(key, 100, 0, 9000, false, DateTime.UnixEpoch) { StartsDiscontinuity = true },
            new SegmentClosed(key, 100),
            new PartReady(key, 101, 0, uint.MaxValue, 1L << 40, int.MaxValue, true, false, true, DateTime.UnixEpoch, 0),
        ];
        foreach (Announcement announcement in sent) { A.Publish(announcement); }
        await there.UntilAsync(heard => heard.Count == 5, "all were heard");
        Assert.Equal(3, Assert.IsType<RenditionStarted>(there.Heard[0]).FirstDiscontinuitySequence);
        Assert.Equal(sent, there.Heard.Skip(2));
    }

    /// <summary>Two nodes' announcements.</summary>
    protected abstract ValueTask<(IAnnouncements A, IAnnouncements B)> OpenAsync();
}

public sealed class LocalAnnouncementsTests : AnnouncementsContract
{
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override ValueTask<(IAnnouncements A, IAnnouncements B)> OpenAsync()
    {
        var announcements = new LocalAnnouncements();
        return ValueTask.FromResult<(IAnnouncements, IAnnouncements)>((announcements, announcements));
    }
}
