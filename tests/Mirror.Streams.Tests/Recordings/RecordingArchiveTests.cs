using Microsoft.Extensions.Logging.Abstractions;
using Mirror.LocalCluster;
using Mirror.Streams.Recordings;
using Mirror.Streams.Registry;
using Mirror.Streams.Shared;
using Mirror.Streams.Store;
using Mirror.Streams.Tests.Servers;

namespace Mirror.Streams.Tests.Recordings;

/// <summary>Recordings in files.</summary>
public sealed class LocalRecordingArchiveTests : RecordingArchiveContract
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "mirror-recordings-" + Guid.NewGuid().ToString("N"));

    public override ValueTask DisposeAsync()
    {
        if (Directory.Exists(_folder)) { Directory.Delete(_folder, recursive: true); }
        return ValueTask.CompletedTask;
    }

    protected override ValueTask<(IRecordingArchive A, IRecordingArchive B)> OpenAsync()
    {
        var archive = new LocalRecordingArchive(_folder);                  // one process: its two ways are the same
        return ValueTask.FromResult<(IRecordingArchive, IRecordingArchive)>((archive, archive));
    }
}

/// <summary>Recordings in blobs, on Azurite.</summary>
public sealed class BlobRecordingArchiveTests(SharedServers servers) : RecordingArchiveContract
{
    private readonly string _container = SharedServers.NewPrefix();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_sweep_of_live_segments_leaves_recordings_alone()
    {
        BlobConnection blobs = AzuriteServer.Connect(await servers.AzuritePortAsync(), _container);
        var archive = new BlobRecordingArchive(blobs);
        RecordingKey key = RecordingKey.At("cam", DateTime.UtcNow);
        await archive.PutAsync(key, "source/1.m4s", new byte[] { 1 }, default);
        await archive.AppendIndexAsync(key, 0, "x\n"u8.ToArray(), default);
        var late = new LateClock();
        using var sweep = new BlobSweep(blobs, new LocalLeases(late), "n1", TimeSpan.FromMinutes(1), late, NullLogger<BlobSweep>.Instance);
        await sweep.LookAsync(default);
        Assert.Equal(0, await sweep.DeleteDueAsync(default));
        Assert.Equal([key], await archive.ListAsync("cam", default));
    }

    [Fact]
    public async Task A_storage_that_is_away_is_said_so()
    {
        var nobody = new BlobRecordingArchive(AzuriteServer.Connect(FreePorts.Take(), _container));
        RecordingKey key = RecordingKey.At("cam", DateTime.UtcNow);
        await Assert.ThrowsAsync<SharedStateException>(async () => await nobody.ListAsync(null, default));
        await Assert.ThrowsAsync<SharedStateException>(async () => await nobody.ReadSmallAsync(key, RecordedFileName.Summary, default));
        await Assert.ThrowsAsync<SharedStateException>(async () => await nobody.ReadIndexAsync(key, 0, default));
        await Assert.ThrowsAsync<SharedStateException>(async () => await nobody.DeleteAsync(key, default));
    }

    protected override async ValueTask<(IRecordingArchive A, IRecordingArchive B)> OpenAsync()
    {
        int port = await servers.AzuritePortAsync();
        return (new BlobRecordingArchive(AzuriteServer.Connect(port, _container)), new BlobRecordingArchive(AzuriteServer.Connect(port, _container)));
    }

    private sealed class LateClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddDays(1);
    }
}
