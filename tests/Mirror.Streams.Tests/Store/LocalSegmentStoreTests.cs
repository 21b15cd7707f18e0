using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Media.Frames;
using Mirror.Streams.Configuration;
using Mirror.Streams.Store;

namespace Mirror.Streams.Tests.Store;

public sealed class LocalSegmentStoreTests : IAsyncDisposable
{
    private const int PartBytes = 1 << 20;
    private static readonly RenditionKey Rendition = new("cam", "source");
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-store-").FullName;
    private readonly ManualTime _time = new();
    private readonly List<LocalSegmentStore> _stores = [];

    [Fact]
    public async Task A_part_is_readable_at_once_and_without_a_copy()
    {
        LocalSegmentStore store = Open();
        MediaBuffer part = MediaBuffer.CopyOf([1, 2, 3, 4]);
        await store.AppendPartAsync(new SegmentKey(Rendition, 7), 0, part, default);
        MediaBuffer? read = await store.ReadAsync(new SegmentKey(Rendition, 7), 0, 4, default);
        Assert.Same(part, read);
        read!.Release();
        part.Release();
    }

    [Theory]
    [InlineData(0, 6, "010203040506")]
    [InlineData(2, 3, "030405")]
    [InlineData(3, 3, "040506")]
    [InlineData(5, 1, "06")]
    [InlineData(0, 0, "")]
    public async Task Any_range_over_the_parts_can_be_read(long offset, int length, string hex)
    {
        LocalSegmentStore store = Open();
        await AppendAsync(store, 7, [1, 2, 3], [4, 5, 6]);
        Assert.Equal(hex, Convert.ToHexString((await ReadAsync(store, 7, offset, length))!));
    }

    [Theory, InlineData(0, 7), InlineData(6, 1), InlineData(-1, 2), InlineData(long.MaxValue, 1)]
    public async Task A_range_that_is_not_there_reads_as_nothing(long offset, int length)
    {
        LocalSegmentStore store = Open();
        await AppendAsync(store, 7, [1, 2, 3], [4, 5, 6]);
        Assert.Null(await ReadAsync(store, 7, offset, length));
        Assert.Null(await ReadAsync(store, 8, 0, 1));
    }

    [Fact]
    public async Task Over_the_memory_bound_the_oldest_segments_move_to_disk_and_stay_readable()
    {
        LocalSegmentStore store = Open(memoryMiB: 16, diskMiB: 64);
        for (int msn = 0; msn < 40; msn++)
        {
            await AppendAsync(store, msn, Filled(msn));
            await UntilAsync(() => store.MemoryBytes <= 17L << 20, "the writer keeps up");
        }
        await UntilAsync(() => store.MemoryBytes <= 16L << 20, "memory is within its bound");
        Assert.True(store.DiskBytes >= 20L << 20);
        for (int msn = 0; msn < 40; msn++) { Assert.Equal(Filled(msn), await ReadAsync(store, msn, 0, PartBytes)); }
        Assert.Equal(0, store.SegmentsDropped);
    }

    [Fact]
    public async Task Over_the_disk_bound_the_oldest_segments_go()
    {
        LocalSegmentStore store = Open(memoryMiB: 16, diskMiB: 20);
        for (int msn = 0; msn < 60; msn++)
        {
            await AppendAsync(store, msn, Filled(msn));
            await UntilAsync(() => store.MemoryBytes <= 17L << 20, "the writer keeps up");
        }
        await UntilAsync(() => store.MemoryBytes <= 16L << 20, "what is too much for memory was written");
        Assert.InRange(store.DiskBytes, 16L << 20, 20L << 20);
        Assert.Null(await ReadAsync(store, 0, 0, PartBytes));
        Assert.Equal(Filled(59), await ReadAsync(store, 59, 0, PartBytes));
    }

    [Fact]
    public async Task Without_a_disk_tier_memory_stays_bounded()
    {
        LocalSegmentStore store = Open(memoryMiB: 16, diskMiB: 0);
        for (int msn = 0; msn < 100; msn++) { await AppendAsync(store, msn, Filled(msn)); }
        Assert.True(store.MemoryBytes <= 17L << 20);
        Assert.True(store.SegmentsDropped > 0);
    }

    [Fact]
    public async Task Retention_removes_segments_and_then_their_init()
    {
        LocalSegmentStore store = Open();
        await store.PutInitAsync(Rendition, "init-1.mp4", new byte[] { 1 }, default);
        await AppendAsync(store, 1, [1]);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(await ReadAsync(store, 1, 0, 1));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(await ReadAsync(store, 1, 0, 1));
        Assert.Null(await store.ReadInitAsync(Rendition, "init-1.mp4", default));
        Assert.Equal(0, store.MemoryBytes);
    }

    [Fact]
    public async Task Retention_leaves_nothing_on_disk()
    {
        LocalSegmentStore store = Open(memoryMiB: 16, diskMiB: 64);
        for (int msn = 0; msn < 30; msn++) { await AppendAsync(store, msn, Filled(msn)); }
        await UntilAsync(() => store.MemoryBytes <= 16L << 20, "what is too much for memory was written");
        Assert.True(Entries().Length > 1);
        _time.Advance(TimeSpan.FromSeconds(62));
        Assert.Equal((0, 0), (store.MemoryBytes, store.DiskBytes));
        Assert.Equal(["lock"], Entries());

        string[] Entries() => [.. Directory.EnumerateFileSystemEntries(Directory.EnumerateDirectories(_folder, "run-*").Single()).Select(path => Path.GetFileName(path))];
    }

    [Fact]
    public async Task A_complete_segment_takes_no_more_parts()
    {
        LocalSegmentStore store = Open();
        await AppendAsync(store, 1, [1]);
        await Assert.ThrowsAsync<InvalidOperationException>(() => AppendAsync(store, 1, [2]));
    }

    [Fact]
    public async Task What_a_killed_process_left_is_cleared_and_what_a_live_one_holds_is_not()
    {
        string killed = Path.Combine(_folder, "run-000000000000", "cam", "source");
        Directory.CreateDirectory(killed);
        await File.WriteAllTextAsync(Path.Combine(killed, "1.m4s"), "left");
        LocalSegmentStore first = Open(memoryMiB: 16, diskMiB: 64);
        Assert.False(Directory.Exists(killed));
        for (int msn = 0; msn < 30; msn++) { await AppendAsync(first, msn, Filled(msn)); }
        await UntilAsync(() => first.DiskBytes > 0, "something is on disk");
        Open(memoryMiB: 16, diskMiB: 64);
        Assert.Equal(Filled(0), await ReadAsync(first, 0, 0, PartBytes));
    }

    [Fact]
    public async Task Readers_that_race_with_moving_and_removal_read_all_or_nothing()
    {
        LocalSegmentStore store = Open(memoryMiB: 16, diskMiB: 24);
        using var stop = new CancellationTokenSource();
        long written = 0;
        long[] reads = new long[2];
        Task[] readers = [.. Enumerable.Range(0, 2).Select(reader => Task.Run(async () =>
        {
            var random = new Random(reader);
            while (!stop.IsCancellationRequested)
            {
                int msn = random.Next((int)Math.Max(1, Volatile.Read(ref written)));
                if (await ReadAsync(store, msn, 0, PartBytes) is not { } bytes) { continue; }
                Assert.Equal(Filled(msn), bytes);
                Interlocked.Increment(ref reads[reader]);
            }
        }))];
        for (int msn = 0; msn < 200 || reads.Min() < 50; msn++)
        {
            await AppendAsync(store, msn, Filled(msn));
            Volatile.Write(ref written, msn + 1);
            if (msn % 10 == 0) { _time.Advance(TimeSpan.FromSeconds(1)); }
            Assert.All(readers, reader => Assert.False(reader.IsFaulted));
        }
        await stop.CancelAsync();
        await Task.WhenAll(readers);
        await UntilAsync(() => store.MemoryBytes <= 20L << 20, "memory is within its bound");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LocalSegmentStore store in _stores) { await store.DisposeAsync(); }
        Directory.Delete(_folder, recursive: true);
    }

    private LocalSegmentStore Open(int memoryMiB = 64, int diskMiB = 256)
    {
        var options = new StoreOptions { Memory = ByteSize.FromMebibytes(memoryMiB), Disk = ByteSize.FromMebibytes(diskMiB), Directory = _folder };
        var store = new LocalSegmentStore(options, _time, NullLogger<LocalSegmentStore>.Instance);
        _stores.Add(store);
        return store;
    }

    private static async Task AppendAsync(LocalSegmentStore store, long msn, params byte[][] parts)
    {
        var key = new SegmentKey(Rendition, msn);
        for (int i = 0; i < parts.Length; i++)
        {
            MediaBuffer part = MediaBuffer.CopyOf(parts[i]);
            await store.AppendPartAsync(key, i, part, default);
            part.Release();
        }
        await store.CompleteSegmentAsync(key, default);
    }

    private static async Task<byte[]?> ReadAsync(LocalSegmentStore store, long msn, long offset, int length)
    {
        MediaBuffer? buffer = await store.ReadAsync(new SegmentKey(Rendition, msn), offset, length, default);
        byte[]? bytes = buffer?.Span.ToArray();
        buffer?.Release();
        return bytes;
    }

    private static byte[] Filled(long msn)
    {
        byte[] bytes = new byte[PartBytes];
        bytes.AsSpan().Fill((byte)(msn * 7 + 1));
        return bytes;
    }

    private static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 4000, $"Waited in vain until {what}.");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>A clock that a test moves; its timers fire while it does.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private readonly List<ManualTimer> _timers = [];
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new ManualTimer(() => callback(state));
            _timers.Add(timer);
            return timer;
        }

        public void Advance(TimeSpan time)
        {
            _now += time;
            _timers.ForEach(timer => timer.Fire());
        }
    }

    private sealed class ManualTimer(Action fire) : ITimer
    {
        private bool _isDisposed;

        public void Fire()
        {
            if (!_isDisposed) { fire(); }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _isDisposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
