using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.Functions.Tests.Control;

/// <summary>What the control API shows of a transcode node, which here is a test's own.</summary>
public sealed class TranscodeApiTests : IAsyncLifetime
{
    private static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xD9];
    private readonly Node _node = new();
    private ControlServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await ControlServer.StartAsync(_node);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("", null)]
    [InlineData("?width=16", 160)]
    [InlineData("?width=320", 320)]
    [InlineData("?width=321", 480)]
    [InlineData("?width=1920", 1920)]
    [InlineData("?width=3840", null)]
    public async Task The_newest_key_frame_is_a_picture_in_one_of_a_few_widths(string query, int? width)
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        using HttpResponseMessage response = await _server.Client.GetAsync("api/v1/streams/studio/iframe" + query);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("image/jpeg", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.CacheControl?.MaxAge);
        Assert.Equal(Jpeg, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal([("studio", width)], _node.ImagesAsked);
    }

    [Fact]
    public async Task A_picture_that_the_client_has_is_not_sent_again()
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        EntityTagHeaderValue tag;
        using (HttpResponseMessage first = await _server.Client.GetAsync("api/v1/streams/studio/iframe")) { tag = first.Headers.ETag!; }
        Assert.Equal(HttpStatusCode.NotModified, await AskAsync(tag));
        _node.ProgramTime += TimeSpan.FromSeconds(1);
        Assert.Equal(HttpStatusCode.OK, await AskAsync(tag));
    }

    [Theory]
    [InlineData("api/v1/streams/none/iframe", HttpStatusCode.NotFound)]
    [InlineData("api/v1/streams/-bad-/iframe", HttpStatusCode.NotFound)]
    [InlineData("api/v1/streams/silent/iframe", HttpStatusCode.ServiceUnavailable)]
    [InlineData("api/v1/streams/studio/iframe?width=15", HttpStatusCode.BadRequest)]
    [InlineData("api/v1/streams/studio/iframe?width=3841", HttpStatusCode.BadRequest)]
    [InlineData("api/v1/streams/studio/iframe?width=-320", HttpStatusCode.BadRequest)]
    [InlineData("api/v1/streams/studio/iframe?width=wide", HttpStatusCode.BadRequest)]
    public async Task What_has_no_picture_answers_with_an_error(string path, HttpStatusCode expected)
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        await _server.PutAsync("silent", StreamStatus.Active);
        await ExpectErrorAsync(_server, path, expected);
    }

    [Theory]
    [InlineData("api/v1/streams/studio/iframe")]
    [InlineData("api/v1/transcoder/capabilities")]
    public async Task A_process_without_a_transcode_node_says_so(string path)
    {
        await using ControlServer server = await ControlServer.StartAsync(transcoder: null);
        await server.PutAsync("studio", StreamStatus.Active);
        string message = await ExpectErrorAsync(server, path, HttpStatusCode.ServiceUnavailable);
        Assert.Contains("no transcode node", message, StringComparison.Ordinal);
        Assert.DoesNotContain("transcode", (await server.Client.GetFromJsonAsync<JsonObject>("api/v1/streams/studio"))!);
    }

    [Fact]
    public async Task Capabilities_tell_codecs_gpus_and_load()
    {
        JsonObject answer = (await _server.Client.GetFromJsonAsync<JsonObject>("api/v1/transcoder/capabilities"))!;
        Assert.True((bool)answer["is_available"]!);
        Assert.Equal("59.37.100", (string?)answer["libavcodec_version"]);
        Assert.Equal(["libx264"], answer["encoders"]!.AsArray().Select(encoder => (string?)encoder));
        Assert.Equal(2, (int)answer["cores"]!);
        Assert.Equal(0.75, (double)answer["cores_in_use"]!);
        JsonNode gpu = Assert.Single(answer["gpus"]!.AsArray())!;
        Assert.Equal(["index", "decoders", "encoders", "sessions_in_use", "reason"], gpu.AsObject().Select(field => field.Key));
    }

    [Theory]
    [InlineData(StreamStatus.Active, false, "active", null)]
    [InlineData(StreamStatus.Active, true, "degraded", "360p is being restarted.")]
    [InlineData(StreamStatus.Degraded, true, "degraded", "The publisher is gone.")]
    [InlineData(StreamStatus.Error, true, "error", "The publisher is gone.")]
    public async Task A_stream_without_its_renditions_is_degraded(StreamStatus status, bool isDegraded, string shown, string? reason)
    {
        await _server.PutAsync("studio", status, status == StreamStatus.Active ? null : "The publisher is gone.");
        _node.State = _node.State with { IsDegraded = isDegraded, Reason = isDegraded ? "360p is being restarted." : null };
        JsonObject stream = (await _server.Client.GetFromJsonAsync<JsonObject>("api/v1/streams/studio"))!;
        Assert.Equal((shown, reason), ((string?)stream["status"], (string?)stream["status_reason"]));
        foreach (string candidate in new[] { "active", "degraded", "error" })
        {
            int count = (int)(await _server.Client.GetFromJsonAsync<JsonNode>("api/v1/streams?status=" + candidate))!["count"]!;
            Assert.Equal(candidate == shown ? 1 : 0, count);
        }
    }

    [Fact]
    public async Task A_stream_tells_how_its_renditions_are_made()
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        JsonNode transcode = (await _server.Client.GetFromJsonAsync<JsonNode>("api/v1/streams"))!["streams"]![0]!["transcode"]!;
        Assert.Equal(("cpu", 3, 7L, 41.5), ((string?)transcode["device"], (int)transcode["restarts"]!, (long)transcode["frames_dropped"]!, (double)transcode["latency_ms"]!));
        JsonObject rendition = Assert.Single(transcode["renditions"]!.AsArray())!.AsObject();
        Assert.Equal(["name", "codec", "resolution", "bitrate", "frames_encoded", "up"], rendition.Select(field => field.Key));
        Assert.Equal(("360p", "640x360", 400_000L, true), ((string?)rendition["name"], (string?)rendition["resolution"], (long)rendition["bitrate"]!, (bool)rendition["up"]!));
        JsonObject audio = transcode["audio"]!.AsObject();
        Assert.Equal(["name", "codec", "channels", "sample_rate", "bitrate", "frames_encoded", "decode_errors", "up"], audio.Select(field => field.Key));
        Assert.Equal(("audio-aac", "aac", 2, 48_000, 1L, true),
            ((string?)audio["name"], (string?)audio["codec"], (int)audio["channels"]!, (int)audio["sample_rate"]!, (long)audio["decode_errors"]!, (bool)audio["up"]!));
    }

    [Fact]
    public async Task A_stream_whose_sound_is_left_alone_tells_nothing_of_it()
    {
        await _server.PutAsync("studio", StreamStatus.Active);
        _node.State = _node.State with { Audio = null };
        JsonNode transcode = (await _server.Client.GetFromJsonAsync<JsonNode>("api/v1/streams/studio"))!["transcode"]!;
        Assert.DoesNotContain("audio", transcode.AsObject());
    }

    private static async Task<string> ExpectErrorAsync(ControlServer server, string path, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(path);
        Assert.Equal(expected, response.StatusCode);
        Assert.True(response.Headers.CacheControl?.NoStore);
        JsonObject body = (await response.Content.ReadFromJsonAsync<JsonObject>())!;
        Assert.Equal(["error", "message", "time"], body.Select(field => field.Key));
        return (string)body["message"]!;
    }

    private async Task<HttpStatusCode> AskAsync(EntityTagHeaderValue tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/v1/streams/studio/iframe");
        request.Headers.IfNoneMatch.Add(tag);
        using HttpResponseMessage response = await _server.Client.SendAsync(request);
        return response.StatusCode;
    }

    private sealed class Node : ITranscodeNode
    {
        public List<(string Stream, int? Width)> ImagesAsked { get; } = [];

        public DateTime ProgramTime { get; set; } = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        public TranscodeState State { get; set; } = new()
        {
            IsDegraded = false,
            Device = "cpu",
            Restarts = 3,
            FramesDropped = 7,
            LatencyMilliseconds = 41.49,
            Renditions = [new RenditionState("360p", "h264", "640x360", 400_000, 1_000, IsUp: true)],
            Audio = new AudioRenditionState("audio-aac", "aac", 2, 48_000, 64_000, 900, 1, IsUp: true),
        };

        public ValueTask<TranscodeCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new TranscodeCapabilities
        {
            IsAvailable = true,
            LibavcodecVersion = "59.37.100",
            Decoders = ["h264"],
            Encoders = ["libx264"],
            Cores = 2,
            CoresInUse = 0.75,
            Streams = 1,
            Gpus = [new GpuCapabilities(0, ["h264"], [], 0, "It has no encoder.")],
        });

        public TranscodeState? StateOf(string streamId) => streamId == "studio" ? State : null;

        public ValueTask<StreamImage?> GetImageAsync(string streamId, int? width, CancellationToken cancellationToken)
        {
            ImagesAsked.Add((streamId, width));
            return ValueTask.FromResult(streamId == "studio" ? new StreamImage(Jpeg, ProgramTime) : null);
        }
    }
}
