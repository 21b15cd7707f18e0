using Azure.Messaging;
using Mirror.Functions.Dvr;
using Mirror.Origin.Tests.Publishing;
using Mirror.Streams.Configuration;
using Mirror.Streams.Events;
using Mirror.Streams.Recordings;

namespace Mirror.Functions.Tests.Dvr;

public sealed class DvrRetentionTests : IDisposable
{
    private readonly RecorderBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task Recordings_go_when_they_are_too_old()
    {
        _bench.Options.MaxAge = TimeSpan.FromHours(1);
        await RecordAsync(4);
        _bench.Time.Advance(TimeSpan.FromMinutes(40));
        await RecordAsync(4);
        RecordingKey[] keys = [.. await _bench.KeysAsync()];
        Assert.Equal(2, keys.Length);
        await _bench.Retention.RunAsync(default);
        Assert.Equal(keys, await _bench.KeysAsync());
        _bench.Time.Advance(TimeSpan.FromMinutes(25));
        await _bench.Retention.RunAsync(default);
        Assert.Equal([keys[1]], await _bench.KeysAsync());
        Assert.False(Directory.Exists(Path.Combine(_bench.Folder, "cam", keys[0].Id)));
        CloudEvent expired = Assert.Single(_bench.Events, happened => happened.Type == EventTypes.RecordingExpired);
        Assert.Equal($"cam/{keys[0].Id}", expired.Subject);
    }

    [Fact]
    public async Task The_oldest_recordings_go_first_when_there_are_too_many_bytes()
    {
        for (int i = 0; i < 4; i++) { await RecordAsync(4); }
        RecordingKey[] keys = [.. await _bench.KeysAsync()];
        long[] bytes = [.. await Task.WhenAll(keys.Select(async (_, i) => (await _bench.IndexAsync(i)).Bytes))];
        _bench.Options.MaxBytes = new ByteSize(bytes[2] + bytes[3]);
        await _bench.Retention.RunAsync(default);
        Assert.Equal(keys[2..], await _bench.KeysAsync());
        _bench.Options.MaxBytes = new ByteSize(0);
        await _bench.Retention.RunAsync(default);
        Assert.Equal(keys[2..], await _bench.KeysAsync());
    }

    [Fact]
    public async Task A_recording_that_runs_loses_its_oldest_segments_and_goes_on()
    {
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(60);
        await node.PassAsync();
        RecordingIndex before = await _bench.IndexAsync();
        _bench.Options.MaxBytes = new ByteSize(before.Bytes / 2);
        await _bench.Retention.RunAsync(default);
        RecordingIndex after = await _bench.IndexAsync();
        long lastRemoved = before.Renditions.Sum(rendition => (long)rendition.Segments[(int)after.RemovedSegments - 1].Length);
        Assert.InRange(after.Bytes, before.Bytes / 2 - lastRemoved + 1, before.Bytes / 2);     // as few as possible went
        Assert.InRange(after.RemovedSegments, 20, 40);
        Assert.Equal(after.Find("source")!.Segments.Count + 1, Files("source"));       // and the initialization segment
        Assert.Equal(after.Find("source")!.Segments[0].Msn, after.Find("audio")!.Segments[0].Msn);

        // Who records finds the index longer than it left it, and goes on behind that.
        _bench.Publish(3);
        await node.PassAsync();
        await node.PassAsync();
        RecordingIndex last = await _bench.IndexAsync();
        Assert.Equal(after.LastMsn + 3, last.LastMsn);
        Assert.Equal(after.RemovedSegments, last.RemovedSegments);
        Assert.False(last.IsComplete);

        int Files(string rendition) => Directory.GetFiles(Path.Combine(_bench.Folder, "cam", node.Recorder.Current!.Value.Id, rendition)).Length;
    }

    [Fact]
    public async Task A_recording_that_runs_loses_what_is_too_old()
    {
        _bench.Options.MaxAge = TimeSpan.FromMinutes(1);
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        for (int i = 0; i < 8; i++)
        {
            _bench.Publish(20);
            await node.PassAsync();
        }
        await _bench.Retention.RunAsync(default);
        RecordingIndex index = await _bench.IndexAsync();
        Assert.Equal(40, index.RemovedSegments);             // 80 s were recorded
        Assert.Equal(_bench.Time.GetUtcNow().UtcDateTime - TimeSpan.FromMinutes(1), index.Main!.Segments[0].Time);
    }

    [Fact]
    public async Task What_a_crashed_node_left_goes_after_an_hour()
    {
        string folder = Path.Combine(_bench.Folder, "cam", "20260101T000000000Z", "source");
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, "1.m4s");
        await File.WriteAllTextAsync(file, "without an index");
        File.SetLastWriteTimeUtc(file, _bench.Time.GetUtcNow().UtcDateTime);
        await _bench.Retention.RunAsync(default);
        Assert.True(File.Exists(file));
        _bench.Time.Advance(TimeSpan.FromMinutes(61));
        await _bench.Retention.RunAsync(default);
        Assert.False(Directory.Exists(Path.Combine(_bench.Folder, "cam")));
    }

    /// <summary>A whole recording of some segments.</summary>
    private async Task RecordAsync(int segments)
    {
        _bench.Restart(firstMsn: 1000 + (long)(_bench.Time.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds);
        RecorderNode node = _bench.Node("a");
        _bench.Begin();
        _bench.Publish(segments);
        await node.PassAsync();
        _bench.Video.End();
        _bench.Audio.End();
        Assert.Equal(RecorderState.Done, await node.PassAsync());
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
    }
}
