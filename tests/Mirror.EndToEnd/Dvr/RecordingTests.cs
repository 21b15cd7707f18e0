using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Dvr;

/// <summary>A recording of a real encoder, across the death of everything that records it.</summary>
public sealed class RecordingTests
{
    private const int FramesPerSegment = 15;
    private const double FrameSeconds = 1.0 / 30;

    [Fact]
    public async Task A_recording_goes_on_after_the_server_was_killed_and_plays_from_end_to_end()
    {
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 12 }).MakeAsync();
        FrameList source = await FrameList.DecodeAsync(file);
        await using var server = new MirrorProcess("--dvr.enabled", "true", "--dvr.streams", "cam*", "--transcode.enabled", "false");
        await server.StartAsync();
        await using (Tool push = Push(server, file, offsetSeconds: 0))
        {
            await RecordedAsync(server, segments: 6);
            await server.KillAsync();
        }
        await server.StartAsync();
        await using (Tool push = Push(server, file, offsetSeconds: 60)) { await RecordedAsync(server, segments: 14); }       // the encoder's clock went on meanwhile
        (await server.Client.DeleteAsync("api/v1/streams/cam/record")).EnsureSuccessStatusCode();
        JsonNode recording = await RecordedAsync(server, segments: 14, status: "complete");

        JsonNode gap = Assert.Single(recording["gaps"]!.AsArray())!;
        var outage = DateTime.Parse((string)gap["from"]!, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind) - (DateTime)recording["started_at"]!;
        int before = (int)Math.Round(outage.TotalSeconds * 30);
        Assert.True(before >= 6 * FramesPerSegment && before % FramesPerSegment == 0, $"{before} frames before the outage");

        // Every frame that was recorded is there, and the same: those before the outage, and those behind it.
        var playlist = new Uri(server.Client.BaseAddress!, (string)recording["playlist"]!);
        FrameList played = await FrameList.DecodeAsync(playlist.ToString());
        int behind = played.Video.Count - before;
        Assert.True(behind >= 6 * FramesPerSegment && behind % FramesPerSegment == 0, $"{behind} frames behind the outage");
        Assert.Equal(Checksums(source.Video, before).Concat(Checksums(source.Video, behind)), played.Video.Select(frame => frame.Checksum));
        // Sound is a segment behind where the server was killed, and ends with the pictures where the recording was ended.
        Assert.InRange(played.Audio.Count * 1024 / 48_000.0, played.Video.Count * FrameSeconds - 0.6, played.Video.Count * FrameSeconds + 0.1);

        double media = played.Video.Count * FrameSeconds;
        Assert.Equal(media, (double)recording["duration_seconds"]!, 0.01);
        string probed = await Tool.RunAsync("ffprobe", "-v error -show_entries format=duration -of default=nw=1:nk=1", playlist.ToString());
        Assert.Equal(media, double.Parse(probed, CultureInfo.InvariantCulture), 0.01);
    }

    private static IEnumerable<string> Checksums(IReadOnlyList<Frame> frames, int count) => frames.Take(count).Select(frame => frame.Checksum);

    private static Tool Push(MirrorProcess server, string file, int offsetSeconds)
        => Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -output_ts_offset {offsetSeconds} -f mpegts", server.SrtUrl("cam"));

    /// <summary>The one recording, once each of its renditions has so many segments.</summary>
    private static async Task<JsonNode> RecordedAsync(MirrorProcess server, int segments, string status = "recording")
    {
        JsonNode? found = null;
        await Eventually.TrueAsync(async () =>
        {
            JsonNode list = (await server.Client.GetFromJsonAsync<JsonNode>("api/v1/recordings?stream=cam"))!;
            found = list["recordings"]!.AsArray().SingleOrDefault();
            return found is not null && (string?)found["status"] == status && found["renditions"]!.AsArray() is { Count: 2 } renditions && renditions.All(rendition => (int)rendition!["segments"]! >= segments);
        }, $"{segments} segments are recorded, and the recording is {status}");
        return found!;
    }
}
