using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Mirror.Origin.Tests.Publishing;
using Mirror.ServiceDefaults.Cluster;
using Mirror.Streams.Registry;
using Mirror.Streams.Transcoding;

namespace Mirror.ServiceDefaults.Tests.Cluster;

/// <summary>The transcode nodes of a cluster, seen from a node that has no transcoder.</summary>
public sealed class RemoteTranscoderTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly DateTime ProgramTime = new(2026, 5, 1, 12, 0, 0, DateTimeKind.Utc);
    private readonly IStreamRegistry _registry;
    private readonly UnsteadyRegistry _unsteady;
    private readonly ManualTime _time = new();
    private readonly RecordingLogger<RemoteTranscoder> _logger = new();
    private readonly NodeClient _client = new(Options.Create(new ClusterOptions { Key = "a key of the cluster" }));
    private readonly RemoteTranscoder _transcoder;
    private WebApplication _node = null!;
    private Uri _address = null!;

    public RemoteTranscoderTests()
    {
        (_registry, _unsteady) = UnsteadyRegistry.Create();
        _transcoder = new RemoteTranscoder(_registry, _client, _time, _logger);
    }

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener => listener.Protocols = HttpProtocols.Http2));
        _node = builder.Build();
        _node.MapGet("/internal/streams/{id}/image", AnswerAsync);
        await _node.StartAsync();
        _address = new Uri(_node.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    public async ValueTask DisposeAsync()
    {
        await _transcoder.StopAsync(CancellationToken.None);
        _transcoder.Dispose();
        _client.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task A_picture_comes_from_the_node_that_transcodes_the_stream()
    {
        await ListAsync(Record("studio"));
        StreamImage? image = await _transcoder.GetImageAsync("studio", 640, TestContext.Current.CancellationToken);
        Assert.Equal([0xFF, 0xD8, 128], image!.Jpeg.ToArray());                 // the width that was asked for, divided by 5
        Assert.Equal(ProgramTime, image.ProgramTime);
        image = await _transcoder.GetImageAsync("studio", null, TestContext.Current.CancellationToken);
        Assert.Equal([0xFF, 0xD8, 0], image!.Jpeg.ToArray());
    }

    [Theory]
    [InlineData("missing")]           // 404
    [InlineData("huge")]              // more bytes than a picture has
    [InlineData("endless")]           // of no length
    public async Task What_is_no_picture_is_none(string stream)
    {
        await ListAsync(Record(stream));
        Assert.Null(await _transcoder.GetImageAsync(stream, null, TestContext.Current.CancellationToken));
        Assert.Empty(_logger.Lines);
    }

    [Fact]
    public async Task A_time_that_cannot_be_read_is_the_earliest()
    {
        await ListAsync(Record("timeless"));
        Assert.Equal(DateTime.MinValue, (await _transcoder.GetImageAsync("timeless", null, TestContext.Current.CancellationToken))!.ProgramTime);
    }

    [Fact]
    public async Task A_stream_that_nobody_transcodes_has_no_picture_and_no_state()
    {
        await ListAsync(Record("studio"));
        Assert.Null(await _transcoder.GetImageAsync("other", null, TestContext.Current.CancellationToken));
        Assert.Null(_transcoder.StateOf("other"));
        Assert.Equal(("transcode-1", true), (_transcoder.StateOf("studio")!.NodeId, _transcoder.StateOf("studio")!.IsDegraded));
    }

    [Fact]
    public async Task A_node_that_is_unreachable_costs_the_picture_and_a_line()
    {
        await ListAsync(Record("studio"));
        await _node.StopAsync(TestContext.Current.CancellationToken);
        Assert.Null(await _transcoder.GetImageAsync("studio", null, TestContext.Current.CancellationToken));
        Assert.StartsWith("Stream studio: " + _address, Assert.Single(_logger.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_caller_that_leaves_is_not_answered()
    {
        await ListAsync(Record("studio"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _transcoder.GetImageAsync("studio", null, new CancellationToken(canceled: true)));
        Assert.Empty(_logger.Lines);
    }

    [Fact]
    public async Task What_was_known_stays_while_the_registry_is_unreachable()
    {
        await ListAsync(Record("studio"));
        _unsteady.IsUnreachable = true;
        for (int i = 0; i < 3; i++)
        {
            int calls = _unsteady.Calls;
            _time.Advance(TimeSpan.FromSeconds(1));
            await UntilAsync(() => _unsteady.Calls > calls);
        }
        Assert.NotNull(_transcoder.StateOf("studio"));
        Assert.Contains("no answer", Assert.Single(_logger.Lines), StringComparison.Ordinal);
        _unsteady.IsUnreachable = false;
        await _registry.RemoveTranscodeAsync("studio", TestContext.Current.CancellationToken);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _transcoder.StateOf("studio") is null;
        });
    }

    [Fact]
    public async Task The_capabilities_of_all_nodes_are_one()
    {
        Assert.Equal("No transcode node is up; start one.", (await _transcoder.GetCapabilitiesAsync(TestContext.Current.CancellationToken)).Reason);
        await _registry.PutNodeAsync(Node("a", new() { IsAvailable = false, Reason = "no libavcodec", Cores = 2, Streams = 0 }), TestContext.Current.CancellationToken);
        await _registry.PutNodeAsync(Node("b", new() { IsAvailable = true, LibavcodecVersion = "59.37", Decoders = ["h264"], Encoders = ["libx264"], Cores = 8, CoresInUse = 2.5, Streams = 3 }), TestContext.Current.CancellationToken);
        await _registry.PutNodeAsync(Node("c", new() { IsAvailable = true, LibavcodecVersion = "59.37", Decoders = ["h264", "hevc"], Encoders = ["libx264"], Cores = 4, CoresInUse = 1, Streams = 1 }), TestContext.Current.CancellationToken);
        await _registry.PutNodeAsync(Node("origin", null), TestContext.Current.CancellationToken);
        TranscodeCapabilities all = await _transcoder.GetCapabilitiesAsync(TestContext.Current.CancellationToken);
        Assert.Equal((true, null, "59.37", 14, 3.5, 4), (all.IsAvailable, all.Reason, all.LibavcodecVersion, all.Cores, all.CoresInUse, all.Streams));
        Assert.Equal(["h264", "hevc"], all.Decoders.Order());
        Assert.Equal(["libx264"], all.Encoders);
    }

    private static Task AnswerAsync(HttpContext context, string id, int? width)
    {
        context.Response.Headers[RemoteTranscoder.ProgramTimeHeader] = id == "timeless" ? "soon" : ProgramTime.Ticks.ToString(CultureInfo.InvariantCulture);
        byte[] body = [0xFF, 0xD8, (byte)((width ?? 0) / 5)];
        switch (id)
        {
            case "missing":
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return Task.CompletedTask;
            case "huge":
                context.Response.ContentLength = 1L << 30;
                return context.Response.StartAsync();
            case "endless": return context.Response.Body.WriteAsync(body).AsTask();
            default:
                context.Response.ContentLength = body.Length;
                return context.Response.Body.WriteAsync(body).AsTask();
        }
    }

    private TranscodeRecord Record(string stream) => new(stream, "transcode-1", _address, new TranscodeState { IsDegraded = true });

    private static NodeRecord Node(string id, TranscodeCapabilities? transcoder) => new()
    {
        Id = id,
        Roles = ["transcode"],
        Address = new Uri("http://127.0.0.1:1"),
        StartedAt = ProgramTime,
        LastHeartbeat = ProgramTime,
        Transcoder = transcoder,
    };

    private async Task ListAsync(TranscodeRecord record)
    {
        await _registry.PutTranscodeAsync(record, TestContext.Current.CancellationToken);
        await _transcoder.StartAsync(TestContext.Current.CancellationToken);
        await UntilAsync(() => _transcoder.StateOf(record.StreamId) is not null);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        DateTime end = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < end, "it did not happen in time");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }
}
