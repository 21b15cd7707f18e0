using Mirror.GpuTranscode.Packaging;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>A stream that another node packaged before.</summary>
public sealed class ContinuationTests
{
    private const long Epoch = 77;

    [Fact]
    public void All_renditions_go_on_at_one_number_behind_one_discontinuity()
    {
        // The source was in 1005 when its node died; audio had not begun that.
        var source = new Source(continuation: new Continuation(Epoch, [PositionOf("source", true, 90_000, 1006), PositionOf("audio", false, 48_000, 1005)]));
        source.Send(3, new Rational(30, 1), gop: 15);
        source.Packager.End();

        Assert.Equal((1006, Epoch), (source.Recorder.Started("source").FirstMsn, source.Recorder.Started("source").Rendition.Epoch));
        Assert.Equal(1005, source.Recorder.Started("audio").FirstMsn);
        PartMissing gap = Assert.Single(source.Recorder.Announcements.OfType<PartMissing>());
        Assert.Equal(("audio", 1005, 0, true, false), (gap.Rendition.Rendition, gap.Msn, gap.PartIndex, gap.EndsSegment, gap.StartsDiscontinuity));
        foreach (string rendition in new[] { "source", "audio" })
        {
            PartReady[] parts = [.. source.Recorder.Parts(rendition)];
            Assert.Equal((1006, 0, true), (parts[0].Msn, parts[0].PartIndex, parts[0].StartsDiscontinuity));
            Assert.Single(parts, part => part.StartsDiscontinuity);
            Assert.All(parts, part => Assert.Equal(Epoch, part.Rendition.Epoch));
        }
    }

    [Fact]
    public void A_stream_that_was_over_before_the_new_node_got_anything_ends_all_the_same()
    {
        var source = new Source(continuation: new Continuation(Epoch, [PositionOf("source", true, 90_000, 1006), PositionOf("360p", true, 90_000, 1005)]));
        source.Packager.End();
        RenditionEnded[] ended = [.. source.Recorder.Announcements.OfType<RenditionEnded>()];
        Assert.Equal(["source", "360p"], ended.Select(end => end.Rendition.Rendition));
        Assert.All(ended, end => Assert.Equal(Epoch, end.Rendition.Epoch));
        Assert.Equal(2, source.Recorder.Announcements.Count);
    }

    [Fact]
    public void A_rendition_that_was_not_gone_on_with_ends_with_the_stream()
    {
        var source = new Source(continuation: new Continuation(Epoch, [PositionOf("source", true, 90_000, 1006), PositionOf("360p", true, 90_000, 1005)]));
        source.Send(2, new Rational(30, 1), gop: 15);
        Assert.Empty(source.Recorder.Announcements.OfType<RenditionEnded>());
        source.Packager.End();
        Assert.Equal(["360p", "audio", "source"], source.Recorder.Announcements.OfType<RenditionEnded>().Select(end => end.Rendition.Rendition).Order());
    }

    [Fact]
    public void A_rendition_that_begins_with_the_new_node_has_the_discontinuity_behind_it()
    {
        var source = new Source(continuation: new Continuation(Epoch, [PositionOf("source", true, 90_000, 1006, discontinuities: 3)]));
        source.Send(2, new Rational(30, 1), gop: 15);
        source.Packager.End();
        Assert.Equal((1006, 4), (source.Recorder.Started("audio").FirstMsn, source.Recorder.Started("audio").FirstDiscontinuitySequence));
        Assert.DoesNotContain(source.Recorder.Parts("audio"), part => part.StartsDiscontinuity);
    }

    [Fact]
    public void A_stream_that_begins_anew_counts_its_discontinuities_on()
    {
        var source = new Source(continuation: new Continuation(Epoch, []) { LastDiscontinuity = 3 });
        source.Send(2, new Rational(30, 1), gop: 15);
        source.Packager.End();
        Assert.Equal((4, 4), (source.Recorder.Started("source").FirstDiscontinuitySequence, source.Recorder.Started("audio").FirstDiscontinuitySequence));
        Assert.Equal((0, 0), (Continuation.None.DiscontinuitySequence, new Continuation(Epoch, []).DiscontinuitySequence));
    }

    [Fact]
    public void A_rendition_that_missed_a_discontinuity_has_it_in_what_it_missed()
    {
        // The source had its third discontinuity in 1005, which the audio did not come to.
        var source = new Source(continuation: new Continuation(Epoch, [PositionOf("source", true, 90_000, 1006, discontinuities: 3), PositionOf("audio", false, 48_000, 1005, discontinuities: 2)]));
        source.Send(2, new Rational(30, 1), gop: 15);
        source.Packager.End();
        Assert.Equal((3, 2), (source.Recorder.Started("source").FirstDiscontinuitySequence, source.Recorder.Started("audio").FirstDiscontinuitySequence));
        Assert.True(Assert.Single(source.Recorder.Announcements.OfType<PartMissing>()).StartsDiscontinuity);
        Assert.Single(source.Recorder.Parts("audio"), part => part.StartsDiscontinuity);
    }

    [Fact]
    public void What_waited_for_its_store_when_its_node_died_is_gaps_however_much_it_was()
    {
        // The audio went through; 30 s of pictures in segments of 200 ms did not.
        var source = new Source(continuation: new Continuation(Epoch, [PositionOf("source", true, 90_000, 1000), PositionOf("audio", false, 48_000, 1150)]));
        source.Send(2, new Rational(30, 1), gop: 15);
        source.Packager.End();
        Assert.Equal(1000, source.Recorder.Started("source").FirstMsn);
        Assert.Equal(Enumerable.Range(1000, 150).Select(msn => (long)msn), source.Recorder.Announcements.OfType<PartMissing>().Select(gap => gap.Msn));
        Assert.Equal(1150, source.Recorder.Parts("source").First().Msn);
    }

    private static RenditionPosition PositionOf(string rendition, bool isVideo, uint timescale, long next, int discontinuities = 0)
        => new(new RenditionStarted(new RenditionKey("s", rendition) { Epoch = 1 }, isVideo, timescale, 1, TimeSpan.FromMilliseconds(100), 1000), next, discontinuities);
}
