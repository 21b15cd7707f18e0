using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Streams.Tests.Announcements;

public sealed class RecentPartsTests
{
    private static readonly RenditionKey Rendition = new("cam", "source");
    private readonly RecentParts _recent = new(capacity: 100);

    [Fact]
    public void A_part_is_shared_and_several_in_a_row_are_one_copy()
    {
        Add(1, 0, 10, 20, 30);
        Assert.True(_recent.TryRetain(new SegmentKey(Rendition, 1), 10, 20, out MediaBuffer? one));
        Assert.Equal(Bytes(10, 20), one.Span);
        Assert.True(_recent.TryRetain(new SegmentKey(Rendition, 1), 10, 20, out MediaBuffer? again));
        Assert.Same(one, again);
        Assert.True(_recent.TryRetain(new SegmentKey(Rendition, 1), 0, 60, out MediaBuffer? whole));
        Assert.Equal(Bytes(0, 60), whole.Span);
        foreach (MediaBuffer buffer in (MediaBuffer[])[one, again, whole]) { buffer.Release(); }
        Assert.False(whole.TryRetain());
    }

    [Theory]
    [InlineData(0, 0), InlineData(0, 5), InlineData(0, 61), InlineData(0, 45), InlineData(5, 5), InlineData(60, 1), InlineData(long.MaxValue, 1), InlineData(-1, 11)]
    public void What_is_not_made_up_of_whole_parts_is_not_at_hand(long offset, int length)
    {
        Add(1, 0, 10, 20, 30);
        Assert.False(_recent.TryRetain(new SegmentKey(Rendition, 1), offset, length, out _));
        Assert.False(_recent.TryRetain(new SegmentKey(Rendition, 2), 0, 10, out _));
    }

    [Fact]
    public void The_oldest_parts_go_first_and_a_segment_without_its_first_is_not_at_hand()
    {
        Add(1, 0, 40, 40);
        Add(2, 0, 30);
        Assert.Equal(70, _recent.Bytes);
        Assert.False(_recent.TryRetain(new SegmentKey(Rendition, 1), 0, 80, out _));
        Assert.True(_recent.TryRetain(new SegmentKey(Rendition, 1), 40, 40, out MediaBuffer? last));
        last.Release();
    }

    private void Add(long msn, long offset, params int[] lengths)
    {
        for (int i = 0; i < lengths.Length; i++)
        {
            MediaBuffer bytes = MediaBuffer.CopyOf(Bytes((int)offset, lengths[i]));
            _recent.Add(new PartReady(Rendition, msn, i, 9000, offset, lengths[i], IsIndependent: false, EndsSegment: false, StartsDiscontinuity: false, DateTime.UnixEpoch, 0) { Bytes = bytes });
            bytes.Release();
            offset += lengths[i];
        }
    }

    private static byte[] Bytes(int from, int count) => [.. Enumerable.Range(from, count).Select(i => (byte)i)];
}
