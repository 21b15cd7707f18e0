using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Tests.FFmpeg;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

/// <summary>A stream that is encoded by real worker processes: a clip, sent again and again on one timeline.</summary>
internal sealed partial class LadderRun : IAsyncDisposable
{
    public const int SigKill = 9;
    public const int SigStop = 19;
    public const int SigCont = 18;
    public const int FramesPerSecond = 30;
    public const int Gop = 15;
    public const long Frame90k = 90_000 / FramesPerSecond;

    /// <summary>Two seconds; every half second a key frame, which starts a segment.</summary>
    public const string Clip = "-f lavfi -i testsrc2=size=640x360:rate=30 -t 2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 15 -keyint_min 15 -sc_threshold 0 -bf 0";

    /// <summary>Nothing is left out, however slow the machine is.</summary>
    private static TranscodeOptions AnySpeed => new() { MaxLag = TimeSpan.FromMinutes(1) };

    /// <summary>Whether long tests run at their full length, as in <c>make soak</c>.</summary>
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("MIRROR_TEST_FULL") == "true";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly List<MediaBuffer> _buffers = [];
    private readonly CancellationTokenSource _stopSending = new();
    private Task _sending = Task.CompletedTask;
    private long _nextPts90k = 90_000;

    public LadderRun(TranscodeOptions? options = null, WorkerCommand? command = null, TranscodeBudget? budget = null, TimeSpan? healthyAfter = null, GpuPool? gpus = null)
    {
        Pool = new WorkerPool(command ?? WorkerCommand.Find(), NullLogger<WorkerPool>.Instance);
        Worker = new LadderWorker("s", options ?? AnySpeed, Recorder, Pool, budget ?? new TranscodeBudget(64, 1), NullLogger<LadderWorker>.Instance, gpus, healthyAfter);
    }

    public static RungPlan[] Rungs { get; } = [Rung("180p", 320, 180), Rung("90p", 160, 90)];

    public LadderRecorder Recorder { get; } = new();

    public WorkerPool Pool { get; }

    public LadderWorker Worker { get; }

    public SourceMedia Media { get; set; } = SourceMedia.Make(Clip);

    public int Timeline { get; set; }

    /// <summary>Presentation times sent so far, on the current timeline.</summary>
    public List<long> Sent { get; } = [];

    public static RungPlan Rung(string name, int width, int height) => new()
    {
        Name = name,
        Width = width,
        Height = height,
        Bitrate = 200_000,
        PeakBitrate = 250_000,
        BufferSize = 400_000,
        Preset = "ultrafast",
        Profile = "high",
        References = 1,
    };

    public void Configure() => Worker.Configure(Media.Track, Rungs);

    /// <summary>Sends a number of frames as fast as they can be handed over.</summary>
    public void Send(int frames)
    {
        for (; frames > 0; frames--) { SendNext(); }
    }

    /// <summary>Starts to send in real time.</summary>
    public void SendInRealTime() => _sending = Task.Run(async () =>
    {
        long started = Stopwatch.GetTimestamp();
        long sent = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!_stopSending.IsCancellationRequested)
        {
            for (; sent < Stopwatch.GetElapsedTime(started).TotalSeconds * FramesPerSecond; sent++) { SendNext(); }
            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    });

    public async Task StopSendingAsync()
    {
        await _stopSending.CancelAsync();
        await _sending;
    }

    /// <summary>Starts the timeline anew at another time.</summary>
    public void StartTimeline(int timeline, long pts90k)
    {
        (Timeline, _nextPts90k) = (timeline, pts90k);
        lock (Sent) { Sent.Clear(); }
    }

    public Task UntilAsync(Func<bool> condition, string what) => Waiting.UntilAsync(condition, () => $"{what}; events: {string.Join(" | ", Recorder.Events)}; {Recorder.Count} frames", Patience);

    public Task UpAsync(int times = 1) => UntilAsync(() => Recorder.Ups >= times, $"renditions are up {times} times");

    /// <summary>Waits until the state says this. A busy machine makes renditions late for a moment, and then it says that.</summary>
    public Task SaysAsync(string reason)
        => UntilAsync(() => Worker.State is { IsDegraded: true, Reason: { } said } && said.Contains(reason, StringComparison.Ordinal), $"it says \"{reason}\"");

    /// <summary>Waits until nothing is missing or late.</summary>
    public Task WellAsync() => UntilAsync(() => !Worker.State.IsDegraded, "all is well");

    /// <summary>Waits for the frame of every rung that belongs to the picture sent last.</summary>
    public Task AllDeliveredAsync() => UntilAsync(() => Enumerable.Range(0, Rungs.Length).All(rung => Recorder.Frames(rung).LastOrDefault() is { } last && last.Timeline == Timeline && last.Pts90k == Sent[^1]), "the last frame is delivered");

    /// <summary>Every rung has each picture that was sent, once, in order.</summary>
    public void AssertComplete()
    {
        for (int rung = 0; rung < Rungs.Length; rung++)
        {
            Assert.Equal(Sent, Recorder.Frames(rung).Where(frame => frame.Timeline == Timeline).Select(frame => frame.Pts90k));
        }
    }

    /// <summary>What a rung delivered decodes without an error, whatever workers it came from.</summary>
    public void AssertDecodable(int rung)
    {
        var recording = new Recording(Rungs.Length);
        recording.Tracks[rung].Add(Recorder.Formats[rung]);
        recording.Frames[rung].AddRange(Recorder.Frames(rung).Select(frame => new Recording.Frame(frame.Timeline, frame.Pts90k, frame.Dts90k, frame.IsKey, 0, frame.Payload)));
        Assert.Equal(recording.Frames[rung].Count, recording.CountDecodable(rung));
    }

    public void Signal(int signal) => Signal(Worker.WorkerId ?? throw new InvalidOperationException("No worker is at work."), signal);

    public static bool TrySignal(int processId, int signal) => Kill(processId, signal) == 0;

    public static void Signal(int processId, int signal) => Assert.Equal(0, Kill(processId, signal));

    public async ValueTask DisposeAsync()
    {
        await StopSendingAsync();
        await Worker.DisposeAsync();
        await Pool.DisposeAsync();
        Assert.False(Recorder.HasOverlapped);
        Assert.All(_buffers, buffer => Assert.False(buffer.TryRetain()));    // every reference was given back
    }

    private void SendNext()
    {
        int position = Sent.Count % Media.Units.Count;
        SourceMedia.Unit source = Media.Units[position];
        MediaBuffer payload = MediaBuffer.CopyOf(source.Payload);
        _buffers.Add(payload);
        var unit = new AccessUnit
        {
            Track = Media.Track,
            Pts90k = _nextPts90k,
            Dts90k = _nextPts90k,
            Payload = payload,
            IsRandomAccess = source.IsKey,
            ReceivedTimestamp = Stopwatch.GetTimestamp(),
            FrameType = source.IsKey ? FrameType.Key : FrameType.Predicted,
        };
        lock (Sent) { Sent.Add(unit.Pts90k); }
        _nextPts90k += Frame90k;
        Worker.Write(unit, Timeline, startsSegment: source.IsKey);
        unit.Release();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}

/// <summary>Waits for a condition.</summary>
internal static class Waiting
{
    public static async Task UntilAsync(Func<bool> condition, Func<string> what, TimeSpan patience)
    {
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(started) > patience) { throw new TimeoutException($"Waited in vain until {what()}."); }
            await timer.WaitForNextTickAsync();
        }
    }
}
