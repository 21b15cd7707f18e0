using System.Buffers;
using Mirror.Origin.Delivery;

namespace Mirror.Origin.Tests.Delivery;

public sealed class LargeBlockPoolTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(LargeBlockPool.BlockLength)]
    public void Every_block_is_whole(int size)
    {
        using var pool = new LargeBlockPool();
        using IMemoryOwner<byte> block = pool.Rent(size);
        Assert.Equal(LargeBlockPool.BlockLength, block.Memory.Length);
    }

    [Fact]
    public void More_than_a_block_is_not_this_pools_to_lend()
    {
        using var pool = new LargeBlockPool();
        Assert.Equal(LargeBlockPool.BlockLength, pool.MaxBufferSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(LargeBlockPool.BlockLength + 1));
    }

    [Fact]
    public void What_is_given_back_is_lent_again_and_nothing_is_lent_twice()
    {
        using var pool = new LargeBlockPool();
        IMemoryOwner<byte> first = pool.Rent();
        first.Dispose();
        Assert.Same(first, pool.Rent());
        Assert.NotSame(first, pool.Rent());
    }

    [Fact]
    public void Idle_blocks_are_bounded()
    {
        using var pool = new LargeBlockPool();
        IMemoryOwner<byte>[] lent = [.. Enumerable.Range(0, 5_000).Select(_ => pool.Rent())];
        foreach (IMemoryOwner<byte> block in lent) { block.Dispose(); }
        var known = lent.ToHashSet();
        Assert.Equal(4_096, Enumerable.Range(0, 5_000).Count(_ => known.Contains(pool.Rent())));
    }
}
