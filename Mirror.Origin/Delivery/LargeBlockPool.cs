using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Mirror.Origin.Delivery;

/// <summary>
/// The memory between Kestrel's layers, in blocks of <see cref="BlockLength"/> bytes rather than its own 4 KiB. A part of 50 KB then
/// crosses each layer in four pieces instead of thirteen, and each piece becomes one TLS record of full size instead of a small one.
/// </summary>
internal sealed class LargeBlockPool : MemoryPool<byte>
{
    /// <summary>The most that one TLS record holds (RFC 8446 §5.1): a longer block would be split again, a shorter one pays for more records.</summary>
    public const int BlockLength = 16_384;

    private const int MostIdle = 4096;          // 64 MiB; what is returned beyond goes to the collector
    private readonly ConcurrentQueue<Block> _idle = new();
    private int _idleCount;

    public override int MaxBufferSize => BlockLength;

    /// <remarks>A request for more than a block is not this pool's: pipes take those from the shared array pool.</remarks>
    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockLength);
        if (!_idle.TryDequeue(out Block? block)) { return new Block(this); }
        Interlocked.Decrement(ref _idleCount);
        return block;
    }

    protected override void Dispose(bool disposing) => _idle.Clear();

    private void Return(Block block)
    {
        if (Interlocked.Increment(ref _idleCount) <= MostIdle) { _idle.Enqueue(block); }
        else { Interlocked.Decrement(ref _idleCount); }
    }

    // Pinned, so that the socket need not pin it for each operation.
    private sealed class Block(LargeBlockPool pool) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = MemoryMarshal.CreateFromPinnedArray(GC.AllocateUninitializedArray<byte>(BlockLength, pinned: true), 0, BlockLength);

        public void Dispose() => pool.Return(this);
    }
}

/// <summary>Makes the pools that Kestrel's transports use.</summary>
internal sealed class LargeBlockPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new LargeBlockPool();
}
