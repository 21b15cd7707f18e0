using System.Text;
using Mirror.Media.Frames;
using Mirror.Streams.Recordings;

namespace Mirror.Streams.Tests.Recordings;

/// <summary>What every adapter of <see cref="IRecordingArchive"/> must do. Two nodes each have their own way to the same archive.</summary>
public abstract class RecordingArchiveContract : IAsyncLifetime
{
    private static readonly RecordingKey Key = RecordingKey.At("cam", new DateTime(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc));
    private IRecordingArchive _a = null!;
    private IRecordingArchive _b = null!;

    public async ValueTask InitializeAsync() => (_a, _b) = await OpenAsync();

    public abstract ValueTask DisposeAsync();

    protected abstract ValueTask<(IRecordingArchive A, IRecordingArchive B)> OpenAsync();

    [Fact]
    public async Task An_empty_archive_has_nothing()
    {
        Assert.Empty(await _a.ListAsync(null, default));
        Assert.Empty(await _a.ListAsync("cam", default));
        Assert.Empty(await _a.ListRemainsAsync(default));
        Assert.Null(await _a.ReadIndexAsync(Key, 0, default));
        Assert.Null(await ReadAsync(_a, "source/1.m4s", 0, 1));
        Assert.Null(await _a.ReadSmallAsync(Key, RecordedFileName.Summary, default));
        Assert.Empty(await FilesAsync(_a));
        await _a.DeleteFilesAsync(Key, ["source/1.m4s"], default);
        await _a.DeleteAsync(Key, default);
        Assert.False(await _a.AppendIndexAsync(Key, 7, "late"u8.ToArray(), default));
    }

    [Fact]
    public async Task Files_are_read_whole_and_in_ranges_by_all()
    {
        byte[] bytes = new byte[300_000];
        new Random(1).NextBytes(bytes);
        await _a.PutAsync(Key, "source/17.m4s", bytes, default);
        Assert.Equal(bytes, await ReadAsync(_b, "source/17.m4s", 0, bytes.Length));
        Assert.Equal(bytes[1000..1500], await ReadAsync(_b, "source/17.m4s", 1000, 500));
        Assert.Null(await ReadAsync(_b, "source/17.m4s", bytes.Length - 10, 11));
        Assert.Null(await ReadAsync(_b, "source/17.m4s", -1, 1));
        Assert.Null(await ReadAsync(_b, "source/18.m4s", 0, 1));
        await _b.PutAsync(Key, "source/17.m4s", new byte[] { 1, 2, 3 }, default);
        Assert.Equal([1, 2, 3], await ReadAsync(_a, "source/17.m4s", 0, 3));
        Assert.Null(await ReadAsync(_a, "source/17.m4s", 0, 4));
        await _a.PutAsync(Key, RecordedFileName.Summary, "{}"u8.ToArray(), default);
        Assert.Equal("{}"u8.ToArray(), await _b.ReadSmallAsync(Key, RecordedFileName.Summary, default));
        Assert.Equal(["source/17.m4s", "summary.json"], await FilesAsync(_b));
    }

    [Fact]
    public async Task The_index_grows_only_for_who_knows_its_end()
    {
        Assert.True(await _a.AppendIndexAsync(Key, 0, "one\n"u8.ToArray(), default));
        Assert.False(await _b.AppendIndexAsync(Key, 0, "eins\n"u8.ToArray(), default));
        Assert.Equal("one\n", await IndexAsync(_b, 0));
        Assert.True(await _b.AppendIndexAsync(Key, 4, "two\n"u8.ToArray(), default));
        Assert.False(await _a.AppendIndexAsync(Key, 4, "zwei\n"u8.ToArray(), default));
        Assert.Equal("two\n", await IndexAsync(_a, 4));
        Assert.Equal("", await IndexAsync(_a, 8));
        Assert.Equal("one\ntwo\n", await IndexAsync(_a, 0));
    }

    [Fact]
    public async Task Many_writers_at_once_lose_and_repeat_nothing()
    {
        int position = 0;
        for (int round = 0; round < 5; round++)
        {
            byte[] line = Encoding.ASCII.GetBytes($"round {round}\n");
            bool[] wrote = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() => (i % 2 == 0 ? _a : _b).AppendIndexAsync(Key, position, line, default).AsTask())));
            Assert.Single(wrote, true);
            position += line.Length;
        }
        Assert.Equal("round 0\nround 1\nround 2\nround 3\nround 4\n", await IndexAsync(_b, 0));
    }

    [Fact]
    public async Task Recordings_are_listed_by_stream_and_time_and_what_has_no_index_apart()
    {
        DateTime time = new(2026, 1, 1, 12, 0, 0, DateTimeKind.Utc);
        RecordingKey later = RecordingKey.At("cam", time.AddHours(1));
        RecordingKey other = RecordingKey.At("a", time.AddHours(2));
        RecordingKey remains = RecordingKey.At("cam", time.AddHours(3));
        foreach (RecordingKey key in (RecordingKey[])[later, Key, other]) { Assert.True(await _a.AppendIndexAsync(key, 0, "x\n"u8.ToArray(), default)); }
        await _a.PutAsync(remains, "audio/5.m4s", new byte[] { 1 }, default);
        Assert.Equal([other, Key, later], await _b.ListAsync(null, default));
        Assert.Equal([Key, later], await _b.ListAsync("cam", default));
        Assert.Equal([remains], await _b.ListRemainsAsync(default));
    }

    [Fact]
    public async Task What_is_deleted_is_gone_for_all()
    {
        await _a.PutAsync(Key, "source/1.m4s", new byte[] { 1 }, default);
        await _a.PutAsync(Key, "source/2.m4s", new byte[] { 2 }, default);
        await _a.AppendIndexAsync(Key, 0, "x\n"u8.ToArray(), default);
        await _b.DeleteFilesAsync(Key, ["source/1.m4s", "source/9.m4s"], default);
        Assert.Equal(["source/2.m4s"], await FilesAsync(_a));
        await _b.DeleteAsync(Key, default);
        Assert.Empty(await _a.ListAsync(null, default));
        Assert.Empty(await _a.ListRemainsAsync(default));
        Assert.Empty(await FilesAsync(_a));
        Assert.Null(await _a.ReadIndexAsync(Key, 0, default));
        Assert.False(await _a.AppendIndexAsync(Key, 2, "y\n"u8.ToArray(), default));
    }

    [Theory]
    [InlineData("../x.m4s"), InlineData("a/b/1.m4s"), InlineData("/etc/passwd"), InlineData(".m4s"), InlineData("source/.m4s"), InlineData("source/1.exe"), InlineData("index.jsonl"), InlineData("")]
    public async Task A_name_that_is_none_is_turned_down(string file)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await _a.PutAsync(Key, file, new byte[] { 1 }, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _a.ReadAsync(Key, file, 0, 1, default));
        await Assert.ThrowsAsync<ArgumentException>(async () => await _a.DeleteAsync(new RecordingKey("..", "x"), default));
    }

    protected static async Task<byte[]?> ReadAsync(IRecordingArchive archive, string file, long offset, int length)
    {
        if (await archive.ReadAsync(Key, file, offset, length, default) is not { } buffer) { return null; }
        byte[] bytes = buffer.Span.ToArray();
        buffer.Release();
        return bytes;
    }

    private static async Task<string> IndexAsync(IRecordingArchive archive, long position)
        => Encoding.ASCII.GetString((await archive.ReadIndexAsync(Key, position, default))!.Value.Span);

    private static async Task<List<string>> FilesAsync(IRecordingArchive archive)
    {
        List<string> names = [];
        await foreach (RecordedFile file in archive.ListFilesAsync(Key, default)) { names.Add(file.Name); }
        names.Sort(StringComparer.Ordinal);
        return names;
    }
}
