using Mirror.Streams.Recordings;

namespace Mirror.Streams.Tests.Recordings;

public sealed class RecordingCatalogTests : IDisposable
{
    private static readonly RecordingKey Key = RecordingKey.At("cam", RecordedIndexes.Start);
    private readonly string _folder = Directory.CreateTempSubdirectory("mirror-catalog-").FullName;
    private readonly Clock _clock = new();
    private readonly LocalRecordingArchive _archive;
    private readonly RecordingCatalog _catalog;

    public RecordingCatalogTests()
    {
        _archive = new LocalRecordingArchive(_folder);
        _catalog = new RecordingCatalog(_archive, _clock);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_running_recording_is_read_on_from_where_it_was_and_not_too_often()
    {
        RecordingEntry[] entries = [.. RecordedIndexes.Entries];
        long position = await WriteAsync(0, entries[..5]);
        OpenRecording recording = (await _catalog.OpenAsync(Key, default))!;
        Assert.Equal(2, recording.Read(index => index.SegmentCount));
        position = await WriteAsync(position, entries[5..7]);
        Assert.Same(recording, await _catalog.OpenAsync(Key, default));
        Assert.Equal(2, recording.Read(index => index.SegmentCount));
        _clock.Now += TimeSpan.FromSeconds(1);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _catalog.OpenAsync(Key, default).AsTask()));
        Assert.Equal(4, recording.Read(index => index.SegmentCount));
        Assert.Equal(position, recording.Read(index => index.Position));
    }

    [Fact]
    public async Task What_was_deleted_elsewhere_is_not_told_of()
    {
        await WriteAsync(0, [.. RecordedIndexes.Entries]);
        RecordingSummary summary = RecordingSummary.Of(Key, RecordedIndexes.Read(RecordedIndexes.Bytes));
        await _archive.PutAsync(Key, RecordedFileName.Summary, summary.ToJson(), default);
        Assert.Equal(summary.ToJson(), Assert.Single(await _catalog.ListAsync(null, default)).ToJson());
        Assert.NotNull(await _catalog.OpenAsync(Key, default));
        await _archive.DeleteAsync(Key, default);
        Assert.Empty(await _catalog.ListAsync(null, default));
        _clock.Now += TimeSpan.FromSeconds(11);
        Assert.Null(await _catalog.FindAsync(Key, default));
        Assert.Null(await _catalog.OpenAsync(Key, default));
    }

    [Theory]
    [InlineData("null"), InlineData("{}"), InlineData("no JSON"), InlineData("""{"stream_id":"other","id":"x","renditions":[],"gaps":[]}""")]
    public async Task A_summary_that_says_something_else_does_not_count(string text)
    {
        await WriteAsync(0, [.. RecordedIndexes.Entries]);
        await _archive.PutAsync(Key, RecordedFileName.Summary, System.Text.Encoding.UTF8.GetBytes(text), default);
        Assert.Equal(2, (await _catalog.FindAsync(Key, default))!.Renditions.Count);
    }

    private async Task<long> WriteAsync(long position, RecordingEntry[] entries)
    {
        ReadOnlyMemory<byte> lines = RecordingIndexCodec.Write(entries, isTorn: false);
        Assert.True(await _archive.AppendIndexAsync(Key, position, lines, default));
        return position + lines.Length;
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
