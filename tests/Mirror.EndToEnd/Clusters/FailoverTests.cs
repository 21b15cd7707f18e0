using System.Diagnostics;
using System.Text.Json.Nodes;
using Mirror.EndToEnd.RealTime;
using Mirror.Functions.Tests.Hooks;
using Mirror.LocalCluster;
using Mirror.Streams.Events;

namespace Mirror.EndToEnd.Clusters;

/// <summary>Two nodes of each kind with Redis and Azurite: any of them goes, streams and viewers go on.</summary>
/// <remarks>Viewers check every byte and number (<see cref="CheckingViewer"/>); a test adds what its fault may cost.</remarks>
public sealed class FailoverTests(RunningCluster running, ITestOutputHelper output) : ClusterTests(running)
{
    private const string Stream = RunningCluster.Stream;
    private static readonly string?[] Live = ["active", "degraded"];         // a busy machine leaves pictures out, and says so
    private static readonly TimeSpan LongestProbe = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(1);
    private readonly RealTimeLimits _limits = new(output);

    [Fact]
    public async Task A_transcode_node_that_is_killed_is_replaced_behind_one_discontinuity()
    {
        await using Watched watched = await WatchAsync();
        ClusterNode node = await OwnerAsync("transcode");
        await node.Process.KillAsync();
        await watched.ProgressAsync(silenceFirst: true);
        await Running.RestartAsync(node);
        Assert.All(watched.Viewers, viewer => Assert.Equal(1, viewer.Discontinuities));
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_transcode_node_that_stands_still_and_wakes_up_writes_over_nothing()
    {
        await using Watched watched = await WatchAsync();
        ClusterNode node = await OwnerAsync("transcode");
        node.Process.Send(Signal.Stop);
        await watched.ProgressAsync(silenceFirst: true);
        node.Process.Send(Signal.Continue);
        long parts = watched.Viewers.Min(viewer => viewer.Parts);
        await Eventually.TrueAsync(() => watched.Viewers.All(viewer => viewer.Parts > parts + 30), "three seconds go on after it woke up");
        Assert.All(watched.Viewers, viewer => Assert.Equal(1, viewer.Discontinuities));
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task An_ingest_node_that_is_killed_gives_its_publisher_to_another()
    {
        await using Watched watched = await WatchAsync();
        int calls = Running.Encoder.Calls;
        ClusterNode node = await OwnerAsync("ingest");
        await node.Process.KillAsync();
        await watched.ProgressAsync(silenceFirst: true);
        Assert.True(Running.Encoder.Calls > calls);
        await Running.RestartAsync(node);
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(20));        // the encoder notices after 5 s or so that nobody acknowledges
    }

    [Fact]
    public async Task An_origin_that_is_killed_costs_its_viewers_a_retry()
    {
        await using Watched watched = await WatchAsync();
        ClusterNode node = Running.Cluster.Of(NodeKind.Origin).First();
        await node.Process.KillAsync();
        await watched.ProgressAsync(silenceFirst: false);
        await Running.RestartAsync(node);
        Assert.All(watched.Viewers, viewer => Assert.Equal(0, viewer.Discontinuities));
        Assert.All(watched.Viewers, viewer => Assert.Equal(0, viewer.Gaps));
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_functions_node_that_is_killed_leaves_its_recording_to_another_without_a_gap()
    {
        await using Watched watched = await WatchAsync();
        await Running.RecordAsync();
        JsonNode before = await Running.RecordingAsync(Stream, recording => RunningCluster.SegmentsOf(recording) > 4, "the recording runs");
        ClusterNode node = Running.Cluster.Nodes.Single(node => ((string)before["node"]!).StartsWith(node.Name + "-", StringComparison.Ordinal));
        await node.Process.KillAsync();
        await Running.RecordingAsync(Stream, recording => (string?)recording["node"] != (string?)before["node"] && RunningCluster.SegmentsOf(recording) > RunningCluster.SegmentsOf(before) + 10, "another node goes on with it");
        await Running.RestartAsync(node);
        await Running.SendAsync(HttpMethod.Delete, $"api/v1/streams/{Stream}/record");
        JsonNode complete = await Running.RecordingAsync(Stream, recording => (string?)recording["status"] == "complete", "the recording is complete");
        Assert.Equal((string?)before["id"], (string?)complete["id"]);
        // Nobody recorded for ten seconds, and yet nothing of the source is missing; what a busy machine could not encode in time is missing from the live playlist as well.
        foreach (CheckedRendition rendition in await Running.CheckRecordingAsync(Stream, output))
        {
            Assert.True(rendition.IsEnded);
            Assert.True(rendition.Gaps == 0 || watched.Viewers.Single(viewer => viewer.Name == rendition.Name).Gaps > 0, $"{rendition.Name} has {rendition.Gaps} gaps");
            if (rendition.Name.EndsWith("/source", StringComparison.Ordinal)) { Assert.Equal((0, 0), (rendition.Gaps, rendition.Discontinuities)); }
        }
        Assert.All(watched.Viewers, viewer => Assert.Equal(0, viewer.Discontinuities));
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Redis_comes_back_empty_and_nothing_is_lost()
    {
        await using Watched watched = await WatchAsync();
        await Running.Cluster.Redis.KillAsync();
        await Eventually.TrueAsync(() => watched.Viewers.All(viewer => viewer.Silence > Steady), "viewers wait");
        Running.Cluster.Redis.Start();
        await watched.ProgressAsync(silenceFirst: false);
        Assert.All(watched.Viewers, viewer => Assert.Equal((0, 0), (viewer.Discontinuities, viewer.Gaps)));
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(15));
        await Eventually.TrueAsync(async () => (string?)(await Running.GetAsync($"api/v1/streams/{Stream}"))?["status"] is { } status && Live.Contains((string?)status), "the registry knows the stream again");
    }

    [Fact]
    public async Task A_store_that_does_not_answer_for_seconds_loses_no_segment()
    {
        await using Watched watched = await WatchAsync();
        Running.Cluster.Blob.Send(Signal.Stop);
        await Eventually.TrueAsync(() => watched.Viewers.All(viewer => viewer.Silence > Steady), "viewers wait");
        using var client = new HttpClient();
        // A load balancer asks meanwhile: no node may be taken from its publishers and viewers.
        foreach (ClusterNode node in Running.Cluster.Nodes)
        {
            var clock = Stopwatch.StartNew();
            using HttpResponseMessage ready = await client.GetAsync(new Uri(node.Http, "/ready"));
            _limits.AtMost($"/ready of {node.Name} while the store hangs", clock.Elapsed, LongestProbe);
            Assert.True(ready.IsSuccessStatusCode);
        }
        Running.Cluster.Blob.Send(Signal.Continue);
        await watched.ProgressAsync(silenceFirst: false);
        Assert.All(watched.Viewers, viewer => Assert.Equal((0, 0), (viewer.Discontinuities, viewer.Gaps)));
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Any_origin_answers_for_the_whole_cluster()
    {
        await using Watched watched = await WatchAsync();
        foreach (ClusterNode origin in Running.Cluster.Of(NodeKind.Origin))
        {
            JsonNode stream = (await Running.GetAsync($"api/v1/streams/{Stream}", origin))!;
            Assert.Contains((string?)stream["status"], Live);
            await Eventually.TrueAsync(async () => await Running.GetImageAsync(Stream, origin) is { Length: > 1000 }, "the origin has a picture of the stream");
        }
        watched.Check(output, _limits, longest: TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task Events_come_to_a_receiver_over_the_topic_each_from_one_node()
    {
        await using HookReceiver receiver = await HookReceiver.StartAsync();
        string id = await Running.CreateHookAsync(new { url = receiver.Url, streams = new[] { "passing" } });
        await using (new TestEncoder("passing", [Running.Cluster.Of(NodeKind.Ingest).First().SrtPort], "320x180", 25))
        {
            await ToldAsync(EventTypes.StreamStarted);
            await ToldAsync(EventTypes.StreamReady);
        }
        await Running.DeleteAsync("api/v1/streams/passing");
        await ToldAsync(EventTypes.StreamEnded);
        string[] told = [.. receiver.Requests.Select(request => $"{request.Json["type"]} {request.Json["id"]}, attempt {request.Headers["Mirror-Attempt"]}")];
        Assert.True(told.Distinct().Count() == told.Length, string.Join('\n', told));
        await Running.DeleteAsync($"api/v1/hooks/{id}");

        Task ToldAsync(string type) => Eventually.TrueAsync(() => receiver.Requests.Any(request => (string)request.Json["type"]! == type), $"{type} is told");
    }

    private async Task<Watched> WatchAsync()
    {
        var watched = new Watched(await Running.ViewersAsync(Stream));
        await watched.ProgressAsync(silenceFirst: false);
        return watched;
    }

    /// <summary>The node that has the stream.</summary>
    private async Task<ClusterNode> OwnerAsync(string role)
    {
        ClusterNode? owner = null;
        await Eventually.TrueAsync(async () =>
        {
            string? id = (string?)(await Running.GetAsync($"api/v1/streams/{Stream}"))?["nodes"]?[role];
            owner = Running.Cluster.Nodes.FirstOrDefault(node => id?.StartsWith(node.Name + "-", StringComparison.Ordinal) == true);
            return owner is not null;
        }, $"the stream's {role} node is known");
        return owner!;
    }

    /// <summary>Viewers of all renditions while a fault lasts.</summary>
    private sealed class Watched : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _watching;

        public Watched(IReadOnlyList<CheckingViewer> viewers)
        {
            Viewers = viewers;
            _watching = Task.WhenAll(viewers.Select(viewer => viewer.RunAsync(_stop.Token)));
        }

        public IReadOnlyList<CheckingViewer> Viewers { get; }

        /// <summary>Waits until every viewer has had two seconds of new parts.</summary>
        public async Task ProgressAsync(bool silenceFirst)
        {
            if (silenceFirst) { await Eventually.TrueAsync(() => Viewers.Any(viewer => viewer.Silence > TimeSpan.FromMilliseconds(500)), "the fault is felt"); }
            await Eventually.TrueAsync(() => Viewers.All(viewer => viewer.Silence < Steady), "every rendition goes on");
            Dictionary<CheckingViewer, long> parts = Viewers.ToDictionary(viewer => viewer, viewer => viewer.Parts);
            await Eventually.TrueAsync(() => Viewers.All(viewer => viewer.Parts > parts[viewer] + 20), "every rendition goes on for two seconds");
        }

        public void Check(ITestOutputHelper output, RealTimeLimits limits, TimeSpan longest)
        {
            foreach (CheckingViewer viewer in Viewers)
            {
                output.WriteLine($"{viewer.Name}: {viewer.Parts} parts, {viewer.Gaps} gaps, {viewer.Discontinuities} discontinuities, {viewer.Retries} retries, longest interruption {viewer.LongestInterruption.TotalSeconds:F2} s");
            }
            Assert.Empty(Viewers.SelectMany(viewer => viewer.Violations));
            limits.AtMost($"{TestContext.Current.TestMethod!.MethodName}: longest interruption of {Viewers.Count} viewers", Viewers.Max(viewer => viewer.LongestInterruption), longest);
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching;
            _stop.Dispose();
        }
    }
}
