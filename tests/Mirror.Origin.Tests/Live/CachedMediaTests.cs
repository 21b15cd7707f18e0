using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Mirror.Media.Frames;
using Mirror.Origin.Live;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Live;

public sealed class CachedMediaTests : IDisposable
{
    private static readonly SegmentKey Key = new(new RenditionKey("demo", "source"), 1);
    private readonly ManualTime _time = new();
    private readonly TestStore _store = new();
    private readonly OriginMetrics _metrics = new();
    private readonly StoreReader _reader;
    private readonly LivePart _part = new(Key, 0, 0, 1000, isGap: false);

    public CachedMediaTests()
    {
        _reader = new StoreReader(_store, _metrics, _time, Options.Create(new OriginOptions()), NullLogger<StoreReader>.Instance);
        MediaBuffer part = MediaBuffer.CopyOf(new byte[1000]);
        _store.AppendPartAsync(Key, 0, part, default).AsTask().GetAwaiter().GetResult();
        part.Release();
    }

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public async Task A_thousand_readers_read_the_store_once()
    {
        TaskCompletionSource gate = _store.Block();
        Task<MediaRead>[] readers = [.. Enumerable.Range(0, 1_000).Select(_ => _part.ReadAsync(_reader, default).AsTask())];
        gate.SetResult();
        MediaRead[] reads = await Task.WhenAll(readers);

        Assert.Equal(1, _store.Reads);
        Assert.All(reads, read => Assert.Equal(1000, read.Buffer!.Length));
        foreach (MediaRead read in reads) { read.Buffer!.Release(); }
        Assert.Equal(1, _store.BuffersHeld);        // the cache's own
        _part.Evict();
        Assert.Equal(0, _store.BuffersHeld);
    }

    [Fact]
    public async Task A_failure_is_shared_and_soon_forgotten()
    {
        _store.FailWith(new IOException("disk"));
        Assert.Equal(MediaReadStatus.Failed, (await _part.ReadAsync(_reader, default)).Status);
        Assert.Equal(MediaReadStatus.Failed, (await _part.ReadAsync(_reader, default)).Status);
        Assert.Equal(1, _store.Reads);

        _store.FailWith(null);
        _time.Advance(TimeSpan.FromMilliseconds(300));
        MediaRead read = await _part.ReadAsync(_reader, default);
        Assert.Equal(MediaReadStatus.Found, read.Status);
        read.Buffer!.Release();
    }

    [Fact]
    public async Task A_part_that_the_store_lost_is_missing()
    {
        _store.Lose(Key);
        Assert.Equal(MediaReadStatus.Missing, (await _part.ReadAsync(_reader, default)).Status);
    }

    [Fact]
    public async Task A_part_of_another_length_than_announced_has_failed_and_is_given_back()
    {
        Assert.Equal(MediaReadStatus.Failed, (await new LivePart(Key, 0, 0, 999_999, isGap: false).ReadAsync(_reader, default)).Status);
        Assert.Equal((1, 0), (_store.BuffersLent, _store.BuffersHeld));
    }

    [Fact]
    public async Task A_store_that_hangs_costs_three_seconds_and_its_late_answer_is_given_back()
    {
        TaskCompletionSource gate = _store.Block();
        Task<MediaRead> pending = _part.ReadAsync(_reader, default).AsTask();
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(pending.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(MediaReadStatus.Failed, (await pending).Status);
        gate.SetResult();
        await Eventually.HoldsAsync(() => _store.BuffersLent == 1 && _store.BuffersHeld == 0, "the late buffer is released");
    }

    [Fact]
    public async Task A_reader_that_gives_up_leaves_the_read_to_others()
    {
        TaskCompletionSource gate = _store.Block();
        using var leaving = new CancellationTokenSource();
        Task<MediaRead> first = _part.ReadAsync(_reader, leaving.Token).AsTask();
        Task<MediaRead> second = _part.ReadAsync(_reader, default).AsTask();
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        gate.SetResult();
        (await second).Buffer!.Release();
        Assert.Equal(1, _store.Reads);
    }

    [Fact]
    public async Task Evicting_while_reading_releases_every_buffer_exactly_once()
    {
        for (int round = 0; round < 300; round++)
        {
            var part = new LivePart(Key, 0, 0, 1000, isGap: false);
            bool close = round % 2 == 0;
            Task[] readers = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            {
                for (int i = 0; i < 20; i++)
                {
                    MediaRead read = await part.ReadAsync(_reader, default);
                    Assert.Equal(1000, read.Buffer!.Span.Length);
                    read.Buffer.Release();
                }
            }))];
            for (int i = 0; i < 20; i++)
            {
                if (close && i == 10) { part.Close(); }
                part.Evict();
                await Task.Yield();
            }
            await Task.WhenAll(readers);
            part.Close();
        }
        Assert.True(_store.BuffersLent >= 300);
        Assert.Equal(0, _store.BuffersHeld);
    }
}
