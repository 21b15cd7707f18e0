using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Media.Playlists;
using Mirror.Origin.Tests.Publishing;
using Mirror.ServiceDefaults.Configuration;
using Mirror.Streams.Configuration;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Live;

/// <summary>How far back a viewer may go in a live playlist.</summary>
public sealed class RewindTests
{
    [Fact]
    public async Task A_window_of_two_minutes_lists_what_can_be_fetched_from_a_store_that_keeps_it_for_four()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-rewind-").FullName;
        var time = new ManualTime();
        var options = new StoreOptions { Memory = ByteSize.FromMebibytes(64), Disk = default, Directory = folder, Retention = TimeSpan.FromMinutes(4) };
        await using (var store = new LocalSegmentStore(options, time, NullLogger<LocalSegmentStore>.Instance))
        await using (OriginServer server = await OriginServer.StartAsync(store, time, "--delivery.live_window", "2m", "--store.retention", "4m"))
        {
            var video = new TestRendition(server.Announcements, store, new RenditionKey("demo", "source"), isVideo: true, TimeSpan.FromMilliseconds(100), 5);
            video.Start().Init();
            for (int second = 0; second < 300; second++)
            {
                video.Segments(2);
                time.Advance(TimeSpan.FromSeconds(1));
            }
            string text = await server.Client.GetStringAsync("/live/demo/source/playlist.m3u8");
            Assert.True(MediaPlaylistParser.TryParse(text, out MediaPlaylistDocument? playlist, out string? error), error);
            Assert.Equal(120, playlist.Segments.Sum(segment => segment.Duration));
            foreach (SegmentEntry segment in playlist.Segments) { Assert.Equal(video.SegmentBytes(segment.Msn), await server.Client.GetByteArrayAsync($"/live/demo/source/{segment.Uri}")); }

            // A viewer at the far end has as long again for a segment that leaves the playlist now.
            time.Advance(TimeSpan.FromSeconds(115));
            Assert.Equal(video.SegmentBytes(playlist.MediaSequence), await server.Client.GetByteArrayAsync($"/live/demo/source/{playlist.MediaSequence}.m4s"));
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_window_that_the_store_forgets_stops_the_start()
    {
        MirrorStartException error = await Assert.ThrowsAsync<MirrorStartException>(() => OriginServer.StartAsync(time: null, "--delivery.live_window", "2m", "--store.retention", "3m"));
        Assert.Equal("store.retention = 180s: allowed is at least twice delivery.live_window, 240s.", error.Message);
        Assert.Equal(MirrorStartException.ConfigurationWrong, error.ExitCode);
    }
}
