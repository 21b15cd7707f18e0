using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.EndToEnd.Media;

namespace Mirror.EndToEnd.Dvr;

/// <summary>Storage that cannot be written while a stream is live.</summary>
public sealed class FullDiskTests
{
    [Fact]
    public async Task A_recording_that_cannot_be_written_is_told_everywhere_and_catches_up()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-full-").FullName;
        string file = await (new TestMedia("libx264", "30", 0.5, 0) { Seconds = 120 }).MakeAsync();
        await using MirrorServer server = await MirrorServer.StartAsync("--dvr.enabled", "true", "--dvr.directory", folder, "--transcode.enabled", "false");
        await using Tool push = Tool.Start("ffmpeg", $"-v error -re -i {file} -map 0 -c copy -f mpegts", server.SrtUrl("cam"));
        JsonNode recording = await RecordingAsync(server, found => (string?)found["status"] == "recording" && (double)found["duration_seconds"]! > 1);
        Assert.Equal("healthy", await HealthAsync(server));

        string segments = Path.Combine(folder, "cam", (string)recording["id"]!, "source");
        Directory.CreateDirectory(segments + "-moved");
        await Eventually.TrueAsync(() => TryBlock(segments), "no segment can be written");
        JsonNode degraded = await RecordingAsync(server, found => (string?)found["status"] == "degraded");
        Assert.NotEmpty((string)degraded["status_reason"]!);
        Assert.Equal("degraded", await HealthAsync(server));
        Assert.Equal("active", (string?)(await server.GetStreamAsync("cam"))?["status"]);
        using HttpResponseMessage live = await server.Client.GetAsync("live/cam/source/playlist.m3u8");
        Assert.True(live.IsSuccessStatusCode);

        File.Delete(segments);
        Directory.Move(segments + "-moved", segments);
        JsonNode recovered = await RecordingAsync(server, found => (string?)found["status"] == "recording" && (double)found["duration_seconds"]! > (double)degraded["duration_seconds"]! + 3);
        Assert.Equal((string)recording["id"]!, (string)recovered["id"]!);
        Assert.Empty(recovered["gaps"]!.AsArray());
        Assert.Equal("healthy", await HealthAsync(server));
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Puts a file in the folder's place, unless the recorder was faster and made the folder again.</summary>
    private static bool TryBlock(string folder)
    {
        foreach (string path in Directory.GetFiles(folder)) { File.Move(path, Path.Combine(folder + "-moved", Path.GetFileName(path)), overwrite: true); }
        try
        {
            Directory.Delete(folder);
            File.WriteAllText(folder, "");
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { return false; }
    }

    private static async Task<string?> HealthAsync(MirrorServer server) => (string?)(await server.GetJsonAsync("health"))?["status"];

    private static async Task<JsonNode> RecordingAsync(MirrorServer server, Func<JsonNode, bool> isRight)
    {
        JsonNode? found = null;
        await Eventually.TrueAsync(async () =>
        {
            JsonNode? list = await server.Client.GetFromJsonAsync<JsonNode>("api/v1/recordings?stream=cam");
            found = list!["recordings"]!.AsArray().FirstOrDefault();
            return found is not null && isRight(found);
        }, "the recording is as expected");
        return found!;
    }
}
