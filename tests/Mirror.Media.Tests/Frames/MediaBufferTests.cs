using Mirror.Media.Frames;

namespace Mirror.Media.Tests.Frames;

public sealed class MediaBufferTests
{
    [Fact]
    public void The_last_release_ends_it_and_a_stale_reader_is_told()
    {
        MediaBuffer buffer = MediaBuffer.CopyOf([1, 2, 3]);
        buffer.Retain();
        buffer.Release();
        Assert.Equal([1, 2, 3], buffer.Span.ToArray());
        buffer.Release();
        Assert.False(buffer.TryRetain());
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        Assert.Throws<ObjectDisposedException>(buffer.Retain);
    }

    [Fact]
    public void Releasing_too_often_is_a_bug_that_is_told()
    {
        MediaBuffer buffer = MediaBuffer.Rent(10);
        buffer.Release();
        Assert.Throws<InvalidOperationException>(buffer.Release);
    }

    [Fact]
    public void It_grows_and_keeps_its_bytes()
    {
        MediaBuffer buffer = MediaBuffer.Rent(1);
        byte[] expected = new byte[100_000];
        new Random(1).NextBytes(expected);
        foreach (byte[] piece in expected.Chunk(997)) { buffer.Append(piece); }
        Assert.Equal(expected, buffer.Span.ToArray());
        buffer.Truncate(5);
        Assert.Equal(expected[..5], buffer.Span.ToArray());
        buffer.Release();
    }

    [Fact]
    public void Readers_that_race_with_the_last_release_get_all_or_nothing()
    {
        for (int round = 0; round < 2_000; round++)
        {
            MediaBuffer buffer = MediaBuffer.CopyOf([42]);
            Parallel.Invoke(
                buffer.Release,
                () =>
                {
                    if (!buffer.TryRetain()) { return; }
                    Assert.Equal(42, buffer.Span[0]);
                    buffer.Release();
                });
            Assert.False(buffer.TryRetain());
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(1024), InlineData(1025), InlineData(1281), InlineData(65_536), InlineData(65_537), InlineData(1_000_000), InlineData(64 << 20), InlineData((64 << 20) + 1)]
    public void The_pool_wastes_at_most_a_quarter(int length)
    {
        byte[] array = BytePool.Rent(length);
        Assert.InRange(array.Length, length, Math.Max(1024, length * 5L / 4));
        BytePool.Return(array);
    }
}
