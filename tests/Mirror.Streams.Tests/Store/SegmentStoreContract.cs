using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Media.Frames;
using Mirror.Streams.Configuration;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Store;

/// <summary>What every adapter of <see cref="ISegmentStore"/> must do. Two nodes each have their own way to the same store.</summary>
public abstract class SegmentStoreContract : IAsyncLifetime
{
    private static readonly SegmentKey Segment = new(new RenditionKey("cam", "source") { Epoch = 7 }, 100);
    private ISegmentStore _a = null!;
    private ISegmentStore _b = null!;

    public async ValueTask InitializeAsync() => (_a, _b) = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task Parts_are_readable_by_all_at_the_offsets_that_the_store_gave()
    {
        Assert.Equal(0, await AppendAsync(_a, Segment, 0, [1, 2, 3]));
        Assert.Equal([1, 2, 3], await ReadAsync(_b, Segment, 0, 3));
        Assert.Equal(3, await AppendAsync(_a, Segment, 1, [4, 5]));
        Assert.Equal(5, await AppendAsync(_a, Segment, 3, [6]));            // part 2 was lost before the store
        Assert.Equal(6, await _a.AppendPartsAsync(Segment, 4, [MediaBuffer.CopyOf([7, 8]), MediaBuffer.CopyOf([9]), MediaBuffer.CopyOf([10])], default));
        await _a.CompleteSegmentAsync(Segment, default);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], await ReadAsync(_b, Segment, 0, 10));
        Assert.Equal([7, 8], await ReadAsync(_b, Segment, 6, 2));
        Assert.Equal([3, 4], await ReadAsync(_b, Segment, 2, 2));
        Assert.Equal(0, await AppendAsync(_a, Segment with { Msn = 101 }, 0, [11]));
        Assert.Equal([11], await ReadAsync(_b, Segment with { Msn = 101 }, 0, 1));
    }

    [Fact]
    public async Task What_is_not_there_reads_as_nothing()
    {
        await AppendAsync(_a, Segment, 0, [1, 2, 3]);
        Assert.Null(await ReadAsync(_b, Segment, 1, 3));
        Assert.Null(await ReadAsync(_b, Segment, 3, 1));
        Assert.Null(await ReadAsync(_b, Segment, -1, 2));
        Assert.Null(await ReadAsync(_b, Segment, long.MaxValue, 1));
        Assert.Null(await ReadAsync(_b, Segment with { Msn = 99 }, 0, 1));
        Assert.Null(await ReadAsync(_b, Segment with { Rendition = Segment.Rendition with { Epoch = 8 } }, 0, 1));
        Assert.Null(await _b.ReadInitAsync(Segment.Rendition, "init-1.mp4", default));
    }

    [Fact]
    public async Task An_initialization_segment_is_written_once()
    {
        await _a.PutInitAsync(Segment.Rendition, "init-1.mp4", new byte[] { 1, 2 }, default);
        await _b.PutInitAsync(Segment.Rendition, "init-1.mp4", new byte[] { 1, 2 }, default);
        await _a.PutInitAsync(Segment.Rendition, "init-2.mp4", new byte[] { 3 }, default);
        MediaBuffer init = Assert.IsType<MediaBuffer>(await _b.ReadInitAsync(Segment.Rendition, "init-1.mp4", default));
        Assert.Equal([1, 2], init.Span.ToArray());
        init.Release();
    }

    [Fact]
    public async Task A_segment_of_many_parts_comes_back_whole()
    {
        var random = new Random(1);
        byte[][] parts = [.. Enumerable.Range(0, 12).Select(_ => Bytes(random, random.Next(1, 300_000)))];
        long offset = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            Assert.Equal(offset, await AppendAsync(_a, Segment, i, parts[i]));
            Assert.Equal(parts[i], await ReadAsync(_b, Segment, offset, parts[i].Length));
            offset += parts[i].Length;
        }
        Assert.Equal(parts.SelectMany(part => part), await ReadAsync(_b, Segment, 0, (int)offset));
    }

    internal static async Task<long> AppendAsync(ISegmentStore store, SegmentKey segment, int index, byte[] bytes, CancellationToken cancellationToken = default)
    {
        MediaBuffer part = MediaBuffer.CopyOf(bytes);
        try { return await store.AppendPartAsync(segment, index, part, cancellationToken); }
        finally { part.Release(); }
    }

    internal static async Task<byte[]?> ReadAsync(ISegmentStore store, SegmentKey segment, long offset, int length)
    {
        MediaBuffer? read = await store.ReadAsync(segment, offset, length, default);
        byte[]? bytes = read?.Span.ToArray();
        read?.Release();
        return bytes;
    }

    /// <summary>Two nodes' stores.</summary>
    protected abstract ValueTask<(ISegmentStore A, ISegmentStore B)> OpenAsync();

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}

public sealed class LocalSegmentStoreContractTests : SegmentStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-store-").FullName;
    private LocalSegmentStore? _store;

    public override async ValueTask DisposeAsync()
    {
        await _store!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    protected override ValueTask<(ISegmentStore A, ISegmentStore B)> OpenAsync()
    {
        _store = new LocalSegmentStore(new StoreOptions { Memory = ByteSize.FromMebibytes(64), Directory = _folder }, TimeProvider.System, NullLogger<LocalSegmentStore>.Instance);
        return ValueTask.FromResult<(ISegmentStore, ISegmentStore)>((_store, _store));
    }
}

public sealed class BlobSegmentStoreTests(SharedServers servers) : SegmentStoreContract
{
    private readonly string _container = SharedServers.NewPrefix();
    private readonly List<TcpProxy> _ways = [];

    public override ValueTask DisposeAsync()
    {
        _ways.ForEach(way => way.Dispose());
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_outage_is_waited_for_and_answers_that_were_lost_neither_repeat_nor_lose_a_part()
    {
        (ISegmentStore store, TcpProxy way) = await OpenByProxyAsync();
        ISegmentStore reader = (await OpenAsync()).B;
        var segment = new SegmentKey(new RenditionKey("cam", "source") { Epoch = 1 }, 1);
        List<byte> expected = [];
        for (int i = 0; i < 40; i++)
        {
            byte[] part = [.. Enumerable.Repeat((byte)i, 1000 + i)];
            way.Delay = i % 4 == 1 ? TimeSpan.FromMilliseconds(150) : TimeSpan.Zero;
            Task<long> appending = AppendAsync(store, segment, i, part);
            if (i % 4 == 1)
            {
                await Task.WhenAny(appending, Task.Delay(40));
                way.CloseAll();                              // the request is through, or not: the answer never comes
                way.Delay = TimeSpan.Zero;
            }
            Assert.Equal(expected.Count, await appending);
            expected.AddRange(part);
        }
        Assert.Equal(expected, await ReadAsync(reader, segment, 0, expected.Count));
        Assert.Null(await ReadAsync(reader, segment, expected.Count, 1));
    }

    [Fact]
    public async Task A_part_given_up_that_was_stored_all_the_same_moves_those_behind_it()
    {
        (ISegmentStore store, TcpProxy way) = await OpenByProxyAsync();
        ISegmentStore reader = (await OpenAsync()).B;
        var segment = new SegmentKey(new RenditionKey("cam", "source") { Epoch = 1 }, 1);
        Assert.Equal(0, await AppendAsync(store, segment, 0, [1, 2]));
        way.Delay = TimeSpan.FromSeconds(20);
        using (var impatient = new CancellationTokenSource())
        {
            Task<long> appending = AppendAsync(store, segment, 1, [3, 4, 5], impatient.Token);
            await Eventually.UntilAsync(async () => await ReadAsync(reader, segment, 2, 3) is not null, "the part was stored");
            await impatient.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => appending);
        }
        way.Delay = TimeSpan.Zero;
        way.CloseAll();
        Assert.Equal(5, await AppendAsync(store, segment, 2, [6]));
        Assert.Equal([1, 2, 3, 4, 5, 6], await ReadAsync(reader, segment, 0, 6));
    }

    [Fact]
    public async Task A_storage_that_is_away_is_waited_for_no_longer_than_asked()
    {
        (ISegmentStore store, TcpProxy way) = await OpenByProxyAsync();
        way.IsCut = true;
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AppendAsync(store, new SegmentKey(new RenditionKey("cam", "source"), 1), 0, [1], soon.Token));
    }

    [Fact]
    public async Task The_sweep_deletes_old_segments_and_an_init_long_after_the_last()
    {
        BlobConnection blobs = AzuriteServer.Connect(await servers.AzuritePortAsync(), _container);
        var store = new BlobSegmentStore(blobs, TimeProvider.System, NullLogger<BlobSegmentStore>.Instance);
        var segment = new SegmentKey(new RenditionKey("cam", "source") { Epoch = 1 }, 1);
        await store.PutInitAsync(segment.Rendition, "init-1.mp4", new byte[] { 9 }, default);
        await AppendAsync(store, segment, 0, [1]);
        var clock = new Clock();
        using var sweep = new BlobSweep(blobs, new Streams.Registry.LocalLeases(clock), "n1", TimeSpan.FromMinutes(1), clock, NullLogger<BlobSweep>.Instance);
        await sweep.LookAsync(default);
        Assert.Equal(0, await sweep.DeleteDueAsync(default));
        clock.Now += TimeSpan.FromMinutes(2);
        await sweep.LookAsync(default);
        Assert.Equal(2, await sweep.DeleteDueAsync(default));    // the segment, and the one that was made beforehand
        Assert.Null(await ReadAsync(store, segment, 0, 1));
        Assert.NotNull(await store.ReadInitAsync(segment.Rendition, "init-1.mp4", default));
        clock.Now += BlobSweep.InitLifetime;
        await sweep.LookAsync(default);
        Assert.Equal(1, await sweep.DeleteDueAsync(default));
        Assert.Null(await store.ReadInitAsync(segment.Rendition, "init-1.mp4", default));
    }

    [Fact]
    public async Task The_sweep_goes_on_by_itself()
    {
        BlobConnection blobs = AzuriteServer.Connect(await servers.AzuritePortAsync(), _container);
        var store = new BlobSegmentStore(blobs, TimeProvider.System, NullLogger<BlobSegmentStore>.Instance);
        var segment = new SegmentKey(new RenditionKey("cam", "source") { Epoch = 1 }, 1);
        await AppendAsync(store, segment, 0, [1]);
        var clock = new Clock();
        using var sweep = new BlobSweep(blobs, new Streams.Registry.LocalLeases(clock), "n1", TimeSpan.FromMinutes(1), clock, NullLogger<BlobSweep>.Instance);
        await sweep.StartAsync(default);
        await Eventually.UntilAsync(async () =>
        {
            clock.Now += TimeSpan.FromSeconds(1);
            return await ReadAsync(store, segment, 0, 1) is null;
        }, "the segment is deleted");
        await sweep.StopAsync(default);
    }

    [Fact]
    public async Task The_sweep_spares_what_was_written_to_since_it_looked()
    {
        BlobConnection blobs = AzuriteServer.Connect(await servers.AzuritePortAsync(), _container);
        var store = new BlobSegmentStore(blobs, TimeProvider.System, NullLogger<BlobSegmentStore>.Instance);
        var segment = new SegmentKey(new RenditionKey("cam", "source") { Epoch = 1 }, 1);
        await AppendAsync(store, segment, 0, [1]);
        var clock = new Clock();
        using var sweep = new BlobSweep(blobs, new Streams.Registry.LocalLeases(clock), "n1", TimeSpan.FromMinutes(1), clock, NullLogger<BlobSweep>.Instance);
        await sweep.LookAsync(default);
        await AppendAsync(store, segment, 1, [2]);
        clock.Now += TimeSpan.FromMinutes(2);
        Assert.Equal(1, await sweep.DeleteDueAsync(default));     // the next one, which was made beforehand
        Assert.Equal([1, 2], await ReadAsync(store, segment, 0, 2));
        await sweep.LookAsync(default);
        Assert.Equal(1, await sweep.DeleteDueAsync(default));
        Assert.Null(await ReadAsync(store, segment, 0, 2));
    }

    protected override async ValueTask<(ISegmentStore A, ISegmentStore B)> OpenAsync()
    {
        int port = await servers.AzuritePortAsync();
        return (Open(port), Open(port));
    }

    private BlobSegmentStore Open(int port) => new(AzuriteServer.Connect(port, _container), TimeProvider.System, NullLogger<BlobSegmentStore>.Instance);

    private async Task<(ISegmentStore Store, TcpProxy Way)> OpenByProxyAsync()
    {
        var way = new TcpProxy(await servers.AzuritePortAsync());
        _ways.Add(way);
        return (Open(way.Port), way);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UtcNow;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
