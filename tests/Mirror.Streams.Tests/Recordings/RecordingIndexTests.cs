using System.Text;
using Mirror.Media.Frames;
using Mirror.Streams.Recordings;

namespace Mirror.Streams.Tests.Recordings;

public sealed class RecordingIndexTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        RecordingIndex index = RecordedIndexes.Read(RecordedIndexes.Bytes);
        Assert.Equal(RecordedIndexes.Start, index.OpenedAt);
        Assert.Equal(RecordedIndexes.Start.AddSeconds(12), index.ClosedAt);
        Assert.Equal(RecordedIndexes.Start.AddSeconds(11), index.EndsAt);
        Assert.Equal(0, index.MalformedLines);
        Assert.Equal(RecordedIndexes.Bytes.Length, index.Position);
        Assert.Equal(["source", "audio"], index.Renditions.Select(rendition => rendition.Name));
        Assert.Equal([101, 102, 103, 200, 201], index.Renditions[0].Segments.Select(segment => segment.Msn));
        Assert.Equal([101, 102, 103, 200], index.Renditions[1].Segments.Select(segment => segment.Msn));
        Assert.Equal(1, index.RemovedSegments);
        Assert.Equal(700 + 4 * 1000 + 600 + 4 * 100, index.Bytes);
        Assert.True(index.Renditions[0].Track.SameFormatAs(RecordedIndexes.Video));
        Assert.Equal("init-a.mp4", index.Renditions[0].Find(200)!.Value.Init);
        Assert.Null(index.Renditions[0].Find(150));
    }

    [Fact]
    public void Captions_that_came_later_belong_to_the_format()
    {
        RecordingEntry[] entries = [.. RecordedIndexes.Entries.TakeWhile(entry => entry is not RecordingClosed)];
        RecordingIndex index = RecordedIndexes.Read(RecordingIndexCodec.Write(entries, isTorn: false).Span);
        long bytes = index.Bytes;
        RecordedRendition source = index.Renditions[0];
        string[] inits = [.. source.Inits.Select(init => init.Name)];
        var captions = new CaptionServices([new("CC1", "en")]);
        InitRecorded told = source.Inits[^1] with { Track = RecordedIndexes.Video with { Captions = captions } };
        index.Append(RecordingIndexCodec.Write([told, told], isTorn: false).Span);
        Assert.Equal(captions, ((VideoTrack)source.Track).Captions);
        Assert.Equal(bytes, index.Bytes);
        Assert.Equal(inits, source.Inits.Select(init => init.Name));
        index.Append(RecordingIndexCodec.Write([told with { Track = RecordedIndexes.Video }], isTorn: false).Span);
        Assert.Equal(captions, ((VideoTrack)source.Track).Captions);
    }

    [Fact]
    public void Gaps_are_told_of_parts_segments_and_outages()
    {
        RecordingIndex index = RecordedIndexes.Read(RecordedIndexes.Bytes);
        // The segment that video lacks is there as audio; the outage runs from its end to where the next node began.
        Assert.Equal([new RecordingGap(RecordedIndexes.Start.AddSeconds(1), TimeSpan.FromMilliseconds(100)), new RecordingGap(RecordedIndexes.Start.AddSeconds(2), TimeSpan.FromSeconds(8))], index.FindGaps());
        RecordingSummary summary = RecordingSummary.Of(new RecordingKey("cam", "r"), index);
        Assert.Equal(TimeSpan.FromSeconds(2.4), summary.Duration);
        Assert.Equal(RecordedIndexes.Start.AddSeconds(0.5), summary.StartsAt);
        Assert.True(summary.IsComplete);
    }

    [Fact]
    public void Every_rendition_lists_every_number_and_the_same_discontinuities()
    {
        RecordingIndex index = RecordedIndexes.Read(RecordedIndexes.Bytes);
        IReadOnlyList<RecordedSegment> timeline = RecordingTimeline.Of(index);
        RecordedSegment[] audio = [.. RecordingTimeline.ListFor(timeline, index.Renditions[1])];
        Assert.Equal([101, 102, 103, 200, 201], audio.Select(segment => segment.Msn));
        Assert.Equal([false, false, false, false, true], audio.Select(segment => segment.IsGap));
        Assert.Equal([false, false, false, true, false], audio.Select(segment => segment.StartsDiscontinuity));
        Assert.True(RecordingTimeline.ListFor(timeline, index.Renditions[0]).ElementAt(2).IsGap);
    }

    [Fact]
    public void A_running_recording_lists_what_all_renditions_have_unless_one_is_away()
    {
        RecordingIndex index = RecordedIndexes.Read(RecordingIndexCodec.Write([.. RecordedIndexes.Entries.Take(6)], isTorn: false).Span);
        Assert.Equal(100, RecordingTimeline.LastSettledMsn(index));
        index.Append(RecordingIndexCodec.Write([RecordedIndexes.Segment("source", 121, 11)], isTorn: false).Span);
        Assert.Equal(121, RecordingTimeline.LastSettledMsn(index));
        index.Append(RecordingIndexCodec.Write([new RecordingClosed(RecordedIndexes.Start)], isTorn: false).Span);
        Assert.Equal(long.MaxValue, RecordingTimeline.LastSettledMsn(index));
    }

    [Fact]
    public void What_is_told_twice_counts_once_and_nothing_counts_behind_the_end()
    {
        RecordingIndex index = RecordedIndexes.Read(RecordedIndexes.Bytes);
        string before = RecordedIndexes.Describe(index);
        index.Append(RecordedIndexes.Bytes);
        index.Append(RecordingIndexCodec.Write([RecordedIndexes.Segment("source", 300, 20)], isTorn: false).Span);
        Assert.Equal(before, RecordedIndexes.Describe(index));

        ReadOnlyMemory<byte> open = RecordingIndexCodec.Write([.. RecordedIndexes.Entries.Take(7)], isTorn: false);
        index = RecordedIndexes.Read(open.Span);
        before = RecordedIndexes.Describe(index);
        index.Append(open.Span);
        Assert.Equal(before, RecordedIndexes.Describe(index));
    }

    [Fact]
    public void What_is_removed_is_counted_once_over_all_renditions()
    {
        RecordingIndex index = RecordedIndexes.Read(RecordingIndexCodec.Write([.. RecordedIndexes.Entries.SkipLast(2)], isTorn: false).Span);
        index.Append(RecordingIndexCodec.Write([new SegmentsRemoved(200)], isTorn: false).Span);
        Assert.Equal((4, 0), (index.RemovedSegments, index.RemovedDiscontinuities));
        index.Append(RecordingIndexCodec.Write([new SegmentsRemoved(201), RecordedIndexes.Segment("audio", 150, 3)], isTorn: false).Span);
        Assert.Equal((5, 1), (index.RemovedSegments, index.RemovedDiscontinuities));
        Assert.Equal([201], index.Renditions[0].Segments.Select(segment => segment.Msn));
        Assert.Empty(index.Renditions[1].Segments);
        Assert.Equal(700 + 600 + 1000, index.Bytes);
    }

    [Fact]
    public void A_torn_last_line_costs_that_line_alone()
    {
        RecordingEntry[] entries = [.. RecordedIndexes.Entries.Take(7)];
        byte[] whole = RecordingIndexCodec.Write(entries, isTorn: false).ToArray();
        int lastLine = whole.AsSpan(0, whole.Length - 1).LastIndexOf((byte)'\n') + 1;
        string expected = RecordedIndexes.Describe(RecordedIndexes.Read(whole));
        for (int length = lastLine; length < whole.Length; length++)
        {
            RecordingIndex index = RecordedIndexes.Read(whole.AsSpan(0, length));
            Assert.Equal(length > lastLine, index.IsTorn);
            index.Append(RecordingIndexCodec.Write([entries[^1]], index.IsTorn).Span);
            // Torn just before its line feed, the line was whole after all.
            int malformed = length > lastLine && length < whole.Length - 1 ? 1 : 0;
            Assert.Equal(expected.Replace(" 0 False\n", $" {malformed} False\n"), RecordedIndexes.Describe(index));
        }
    }

    [Fact]
    public void Cut_short_anywhere_it_has_a_beginning_of_the_entries()
    {
        byte[] bytes = RecordedIndexes.Bytes;
        int last = 0;
        for (int length = 0; length <= bytes.Length; length++)
        {
            RecordingIndex index = RecordedIndexes.Read(bytes.AsSpan(0, length));
            Assert.Equal(0, index.MalformedLines);
            int count = index.SegmentCount + (int)index.RemovedSegments * 2;
            Assert.True(count >= last);
            last = count;
        }
    }

    [Fact]
    public void Split_anywhere_it_reads_the_same()
    {
        byte[] bytes = RecordedIndexes.Bytes;
        string expected = RecordedIndexes.Describe(RecordedIndexes.Read(bytes));
        for (int at = 0; at <= bytes.Length; at++)
        {
            RecordingIndex index = RecordedIndexes.Read(bytes.AsSpan(0, at));
            index.Append(bytes.AsSpan(at));
            Assert.Equal(expected, RecordedIndexes.Describe(index));
        }
        var single = new RecordingIndex();
        foreach (byte value in bytes) { single.Append([value]); }
        Assert.Equal(expected, RecordedIndexes.Describe(single));
    }

    [Fact]
    public void With_one_byte_changed_it_is_never_more_than_a_line_less()
    {
        byte[] bytes = RecordedIndexes.Bytes;
        foreach (byte value in (byte[])[0, (byte)'\n', (byte)'"', (byte)'}', (byte)'-', (byte)'9', 0x80, 0xFF])
        {
            for (int at = 0; at < bytes.Length; at++)
            {
                byte[] changed = [.. bytes];
                changed[at] = value;
                RecordingIndex index = RecordedIndexes.Read(changed);
                Assert.InRange(index.MalformedLines, 0, 2);
                _ = RecordedIndexes.Describe(index);
                _ = RecordingSummary.Of(new RecordingKey("cam", "r"), index);
            }
        }
    }

    [Theory]
    [InlineData("""{"type":"segment","rendition":"../x","msn":1,"time":"2026-01-01T00:00:00Z","ticks":5000000,"length":1}""")]
    [InlineData("""{"type":"segment","rendition":"a","msn":-1,"time":"2026-01-01T00:00:00Z","ticks":5000000,"length":1}""")]
    [InlineData("""{"type":"segment","rendition":"a","msn":1,"time":"2026-01-01T00:00:00Z","ticks":0,"length":1}""")]
    [InlineData("""{"type":"segment","rendition":"a","msn":1,"time":"2026-01-01T00:00:00Z","ticks":9000000000000000,"length":1}""")]
    [InlineData("""{"type":"segment","rendition":"a","msn":1,"time":"2026-01-01T00:00:00","ticks":5000000,"length":1}""")]
    [InlineData("""{"type":"segment","msn":1}""")]
    [InlineData("""{"type":"init","rendition":"a","name":"../../x.mp4","length":1,"is_video":true,"target_duration":1,"track":null}""")]
    [InlineData("""{"type":"nonsense"}"""), InlineData("null"), InlineData("[]"), InlineData("{}"), InlineData("x")]
    public void A_line_that_no_writer_gives_is_turned_down(string line) => Assert.Null(RecordingIndexCodec.Read(Encoding.UTF8.GetBytes(line)));

    [Fact]
    public void A_line_without_end_is_not_kept_without_end()
    {
        var index = new RecordingIndex();
        byte[] filler = new byte[1 << 20];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 64; i++) { index.Append(filler); }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
        index.Append("\n"u8);
        index.Append(RecordedIndexes.Bytes);
        Assert.Equal(1, index.MalformedLines);
        Assert.True(index.IsComplete);
    }
}
