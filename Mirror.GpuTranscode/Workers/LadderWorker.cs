using System.Diagnostics;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;
using Mirror.Streams.Store;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Workers;

/// <summary>Encodes one stream's ladder and sound in a worker process, and replaces that process for as long as the stream lives.</summary>
/// <remarks>
/// Supervision, again and again: 1. wait for a ladder; 2. ask for a share of the node's processor time; 3. take a worker; 4. let it work until
/// it fails; 5. wait, longer each time. A new worker gets the units that its predecessor had not delivered frames of, and goes on after the
/// last frame delivered.
/// </remarks>
internal sealed partial class LadderWorker : ISessionEvents, IAsyncDisposable
{
    private static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RefusedRetry = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestSnapshot = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LagToReport = TimeSpan.FromSeconds(1);

    private readonly string _streamId;
    private readonly TranscodeOptions _options;
    private readonly ILadderOutput _output;
    private readonly WorkerPool _pool;
    private readonly TranscodeBudget _budget;
    private readonly GpuPool _gpus;
    private readonly ILogger _logger;
    private readonly RestartDelay _delay;
    private readonly bool _isContinued;
    private readonly LadderQueue _queue;
    private readonly LatencyWindow _latency = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private readonly Task _supervision;
    private TaskCompletionSource _formatSet = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<int, TaskCompletionSource<byte[]?>> _snapshots = [];
    private int _snapshotNumber;
    private int _generation;
    private volatile WorkerSession? _session;
    private volatile LadderFormat? _ladder;                  // the one that frames come of
    private volatile LadderFormat? _wanted;                  // the one that was asked for last
    private volatile WorkerSound[] _sounds = [];             // those that are encoded
    private long _audioErrors;
    private long[] _framesOfRung = [];
    private bool[] _isRungUp = [];
    private volatile bool _isUp;
    private volatile bool _isRefused;
    private volatile bool _lacksRoom;
    private volatile string? _reason;
    private int _restarts;
    private int _failuresOverUnits;
    private int _failuresOverAudio;
    private long _droppedByWorkers;
    private long _droppedReported;
    private CancellationTokenSource? _sessionEnd;

    /// <param name="streamId">The stream, for the log.</param>
    /// <param name="options">How to encode.</param>
    /// <param name="output">Takes the frames.</param>
    /// <param name="pool">Where workers come from.</param>
    /// <param name="budget">The node's processor time.</param>
    /// <param name="logger">The log.</param>
    /// <param name="gpus">The node's GPUs; none when absent.</param>
    /// <param name="healthyAfter">How long a worker must deliver frames for its failure to count as the first; default 2 s.</param>
    /// <param name="isContinued">Another node made the renditions before.</param>
    public LadderWorker(string streamId, TranscodeOptions options, ILadderOutput output, WorkerPool pool, TranscodeBudget budget, ILogger<LadderWorker> logger,
        GpuPool? gpus = null, TimeSpan? healthyAfter = null, bool isContinued = false)
    {
        _gpus = gpus ?? new GpuPool(new TranscodeOptions { GpuEnabled = false });
        (_streamId, _options, _output, _pool, _budget, _logger) = (streamId, options, output, pool, budget, logger);
        _delay = new RestartDelay(healthyAfter ?? HealthyAfter);
        _isContinued = isContinued;
        // Received timestamps are those of this clock, in the worker as well.
        _queue = new LadderQueue(TimeProvider.System, options.MaxLag);
        _supervision = Task.Run(SuperviseAsync);
    }

    /// <summary>How it is doing.</summary>
    public TranscodeState State
    {
        get
        {
            WorkerStats stats = _session?.Stats ?? default;
            LadderFormat? format = _ladder ?? _wanted;
            string? reason = !IsWanted ? null : _reason ?? _sounds.Select(static sound => sound.Failure).FirstOrDefault(static failure => failure is not null) ?? DescribeLag(stats);
            return new TranscodeState
            {
                IsDegraded = reason is not null,
                Reason = reason,
                Device = stats.DeviceName,
                Restarts = Volatile.Read(ref _restarts),
                FramesDropped = _queue.Dropped + Volatile.Read(ref _droppedByWorkers),
                Audio = _sounds is [var first, ..] ? StateOf(first) : null,
                LatencyMilliseconds = _latency.Percentile95(),
                Renditions = format is null ? [] : [.. format.Rungs.Select(StateOf)],
            };
        }
    }

    private bool IsWanted => _wanted is { Rungs.Count: > 0 } || HasSound;

    private bool HasSound => _sounds.Length > 0;

    /// <summary>Cores that it would take, and this node does not have; <see langword="null"/> where that is not what it lacks.</summary>
    public double? MissingCores => _lacksRoom ? _budget.Expect(_wanted?.Source, _wanted?.Rungs ?? [], HasSound) : null;

    /// <summary>Process id of the worker at work; <see langword="null"/> while there is none.</summary>
    internal int? WorkerId => _session?.WorkerId;

    /// <summary>Says what follows, before its first unit and again at each change of format. What was written before comes out first.</summary>
    /// <param name="source">The source's format.</param>
    /// <param name="rungs">What to encode; nothing when empty.</param>
    public void Configure(VideoTrack source, IReadOnlyList<RungPlan> rungs)
    {
        var format = new LadderFormat(++_generation, source, rungs);
        if (rungs.Count == 0) { Drain(); }
        lock (_gate)
        {
            _wanted = format;
            _queue.SetFormat(rungs.Count == 0 ? null : format);
        }
        OnFormatSet();
    }

    /// <summary>Says which sound follows, and what to encode of it; once more at each change of the source's format.</summary>
    /// <param name="sound">Numbers the stream's sounds.</param>
    /// <param name="source">The source's format.</param>
    /// <param name="plan">What to encode to; the same each time.</param>
    public void ConfigureAudio(int sound, AudioTrack source, AudioPlan plan)
    {
        var format = new AudioFormat(source, plan);
        if (Find(sound) is not { } known)
        {
            known = new WorkerSound(sound, format, new AudioQueue(TimeProvider.System, _options.MaxLag));
            _sounds = [.. _sounds.Append(known).OrderBy(static sound => sound.Number)];
        }
        known.SetFormat(format);
        LogAudio(_streamId, source.CodecString, source.SampleRate, source.Channels, plan.Bitrate / 1000);
        OnFormatSet();
    }

    private void OnFormatSet()
    {
        TaskCompletionSource set;
        lock (_gate) { (set, _formatSet) = (_formatSet, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)); }
        _budget.Change(this, _wanted?.Source, _wanted?.Rungs ?? [], HasSound);
        set.SetResult();
    }

    /// <summary>The next coded picture, in decoding order. Never waits.</summary>
    /// <param name="unit">The unit; retained for as long as it is needed.</param>
    /// <param name="timeline">Numbers timelines.</param>
    /// <param name="startsSegment">Every rendition starts a segment with it.</param>
    public void Write(AccessUnit unit, int timeline, bool startsSegment)
    {
        if (_isRefused || !_queue.Add(unit, timeline, startsSegment)) { return; }
        _session?.Wake();
    }

    private WorkerSound? Find(int sound) => Array.Find(_sounds, known => known.Number == sound);

    /// <summary>The next coded audio frame. Never waits.</summary>
    /// <param name="sound">The sound's number.</param>
    /// <param name="unit">The frame; retained for as long as it is needed.</param>
    /// <param name="timeline">Numbers timelines.</param>
    public void WriteAudio(int sound, AccessUnit unit, int timeline)
    {
        if (_isRefused || Find(sound) is not { } known || !known.Queue.Add(unit, timeline)) { return; }
        _session?.Wake();
    }

    /// <summary>Asks for all that is still held back: no unit follows soon. <see cref="ILadderOutput.OnDrained"/> tells when all has come.</summary>
    public void Drain()
    {
        _queue.AddDrain(always: HasSound);
        _session?.Wake();
    }

    /// <summary>The newest key frame as a JPEG file; <see langword="null"/> if there is none.</summary>
    /// <param name="maxWidth">Its width at most, in pixels.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<byte[]?> SnapshotAsync(int maxWidth, CancellationToken cancellationToken)
    {
        var snapshot = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        int number;
        lock (_gate)
        {
            number = ++_snapshotNumber;
            if (_session is not { } session || !session.Request(WorkerProtocol.WriteSnapshot(number, maxWidth))) { return null; }
            _snapshots.Add(number, snapshot);
        }
        try { return await snapshot.Task.WaitAsync(LongestSnapshot, cancellationToken); }
        catch (TimeoutException) { return null; }
        finally { EndSnapshot(number, null); }
    }

    /// <summary>Ends the worker. No call of the output follows.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _supervision;
        _queue.SetFormat(null);
        _queue.Clear();
        foreach (WorkerSound sound in _sounds)
        {
            sound.Queue.SetFormat(null);
            sound.Queue.Clear();
        }
        _stopping.Dispose();
    }

    void ISessionEvents.OnConfigured(LadderFormat format)
    {
        _isRungUp = new bool[format.Rungs.Count];
        if (!_queue.OnConfigured(format)) { return; }
        _framesOfRung = new long[format.Rungs.Count];
        _ladder = format;
        _isUp = false;
        _output.OnLadder(format.Rungs);
    }

    void ISessionEvents.OnFormat(int rung, VideoTrack track) => _output.OnFormat(rung, track);

    void ISessionEvents.OnFrame(in WorkerFrame frame, MediaBuffer payload)
    {
        TimeSpan latency = Stopwatch.GetElapsedTime(frame.ReceivedTimestamp);
        _latency.Add(latency);
        TranscodeMetrics.Latency.Record(latency.TotalMilliseconds);
        TranscodeMetrics.Frames.Add(1);
        _framesOfRung[frame.Rung]++;
        _output.OnFrame(frame.Rung, frame.Timeline, frame.Pts90k, frame.Dts90k, frame.IsKey, frame.ReceivedTimestamp, payload);
        if (_isRungUp[frame.Rung]) { return; }
        _isRungUp[frame.Rung] = true;
        if (_isUp || Array.Exists(_isRungUp, static isUp => !isUp)) { return; }
        (_isUp, _reason) = (true, null);
        LogUp(_streamId);
        _output.OnUp();
    }

    void ISessionEvents.OnAudioFormat(int sound, AudioTrack track) => _output.OnAudioFormat(sound, track);

    void ISessionEvents.OnAudioFrame(in WorkerAudio frame, MediaBuffer payload)
    {
        TranscodeMetrics.AudioFrames.Add(1);
        Find(frame.Sound)?.OnFrame();
        _output.OnAudioFrame(frame.Sound, frame.Timeline, frame.Pts, frame.ReceivedTimestamp, payload);
        if (_isUp || _wanted is { Rungs.Count: > 0 }) { return; }
        (_isUp, _reason) = (true, null);
        _output.OnUp();
    }

    void ISessionEvents.OnAudioFailed(int sound, string reason)
    {
        Find(sound)?.OnFailed(reason);
        LogAudioFailed(_streamId, reason);
    }

    void ISessionEvents.OnDrained()
    {
        _output.OnDrained();
        if (!IsWanted) { _sessionEnd?.Cancel(); }
    }

    void ISessionEvents.OnImage(int request, ReadOnlySpan<byte> jpeg) => EndSnapshot(request, jpeg.IsEmpty ? null : jpeg.ToArray());

    void ISessionEvents.OnBug(Exception error) => LogBug(error, _streamId);

    void ISessionEvents.OnStats(in WorkerStats before, in WorkerStats now)
    {
        Interlocked.Add(ref _droppedByWorkers, now.FramesDropped - before.FramesDropped);
        long dropped = _queue.Dropped + Volatile.Read(ref _droppedByWorkers);
        TranscodeMetrics.FramesDropped.Add(dropped - _droppedReported);
        _droppedReported = dropped;
        TranscodeMetrics.Errors.Add(now.Errors - before.Errors);
        foreach (WorkerSound sound in _sounds)
        {
            long missing = sound.Queue.Dropped;
            TranscodeMetrics.AudioDropped.Add(missing - sound.DroppedReported);
            sound.DroppedReported = missing;
        }
        TranscodeMetrics.AudioErrors.Add(now.AudioErrors - before.AudioErrors);
        TranscodeMetrics.AudioFilled.Add(now.AudioFilledMilliseconds - before.AudioFilledMilliseconds);
        Interlocked.Add(ref _audioErrors, now.AudioErrors - before.AudioErrors);
        RecordMean(TranscodeMetrics.Decode, now.DecodeTicks - before.DecodeTicks, now.FramesDecoded - before.FramesDecoded);
        RecordMean(TranscodeMetrics.Scale, now.ScaleTicks - before.ScaleTicks, now.FramesScaled - before.FramesScaled);
        RecordMean(TranscodeMetrics.Encode, now.EncodeTicks - before.EncodeTicks, now.FramesEncoded - before.FramesEncoded);
        if (now.FramesDecoded > before.FramesDecoded) { TranscodeMetrics.Lag.Record(now.LagMicroseconds / 1000.0); }
        if (now.SkipLevel > 0 && before.SkipLevel == 0) { LogOverloaded(_streamId, DescribeLag(now)!); }
    }

    void ISessionEvents.OnCores(double cores) => _budget.Measure(this, cores, _session is { Stats.SkipLevel: > 0 });

    private async Task SuperviseAsync()
    {
        CancellationToken stopping = _stopping.Token;
        try
        {
            while (true)
            {
                await WaitForLadderAsync(stopping);
                if (!await ReserveAsync(stopping)) { continue; }
                (string? failure, TimeSpan atWork) = await WorkAsync(stopping);
                if (failure is null) { continue; }           // there was nothing left to do
                GoDown(failure);
                Interlocked.Increment(ref _restarts);
                TranscodeMetrics.Restarts.Add(1);
                TimeSpan delay = _delay.Next(atWork);
                LogDown(_streamId, failure, delay.TotalSeconds);
                await Task.Delay(delay, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested) { /* the stream is over */ }
        finally
        {
            _budget.Release(this);
            _gpus.Release(this);
        }
    }

    private async Task WaitForLadderAsync(CancellationToken stopping)
    {
        while (true)
        {
            Task set;
            lock (_gate)
            {
                if (IsWanted) { return; }
                _queue.Clear();
                set = _formatSet.Task;
            }
            _budget.Release(this);
            _gpus.Release(this);
            await set.WaitAsync(stopping);
        }
    }

    private async Task<bool> ReserveAsync(CancellationToken stopping)
    {
        Task room = _budget.RoomMade;
        string? refusal = await RefuseSoftwareAsync(stopping);
        bool mayEncode = refusal is null;
        refusal ??= _budget.TryReserve(this, _wanted?.Source, _wanted?.Rungs ?? [], HasSound, _isContinued);
        _lacksRoom = mayEncode && refusal is not null;
        if (refusal is null)
        {
            _isRefused = false;
            return true;
        }
        if (!_isRefused)
        {
            TranscodeMetrics.Refused.Add(1);
            LogRefused(_streamId, refusal);
        }
        _isRefused = true;
        _queue.Clear();
        foreach (WorkerSound sound in _sounds) { sound.Queue.Clear(); }
        GoDown(refusal);
        await Task.WhenAny(room, Task.Delay(RefusedRetry, stopping));
        stopping.ThrowIfCancellationRequested();
        return false;
    }

    /// <summary>Why no GPU encodes these pictures, where nothing else may.</summary>
    private async Task<string?> RefuseSoftwareAsync(CancellationToken stopping)
    {
        if (!_options.GpuEnabled || _options.AllowSoftwareFallback || _wanted is not { Rungs.Count: > 0 } wanted) { return null; }
        await _gpus.Known.WaitAsync(stopping);
        if (_gpus.Place(this, wanted.Source, wanted.Rungs).Device == TranscodeDevice.Gpu) { return null; }
        _gpus.Release(this);
        return $"no GPU of this node is free to decode {wanted.Source.Codec} and encode {string.Join(", ", wanted.Rungs.Select(static rung => rung.Codec).Distinct())}, and transcode.allow_software_fallback is off";
    }

    /// <summary>Lets one worker work until it fails or is not needed any more.</summary>
    /// <returns>How it failed, and how long it had delivered frames.</returns>
    private async Task<(string? Failure, TimeSpan AtWork)> WorkAsync(CancellationToken stopping)
    {
        await _gpus.Known.WaitAsync(stopping);
        WorkerProcess worker;
        try { worker = await _pool.TakeAsync(stopping); }
        catch (WorkerStartException error) { return (error.Message, TimeSpan.Zero); }
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var session = new WorkerSession(worker, _queue, () => _sounds, this, _options.WorkerMemory.Bytes, SettingsFor);
        _sessionEnd = end;
        _session = session;
        if (!IsWanted) { await end.CancelAsync(); }
        string failure = await session.RunAsync(end.Token);
        lock (_gate)
        {
            _session = null;
            _sessionEnd = null;
            foreach (TaskCompletionSource<byte[]?> snapshot in _snapshots.Values) { snapshot.TrySetResult(null); }
        }
        stopping.ThrowIfCancellationRequested();
        if (end.IsCancellationRequested) { return (null, TimeSpan.Zero); }
        // Two workers that failed over the same units before they delivered anything: a third would as well.
        _failuresOverUnits = session is { Frames: 0, WasFed: true } ? _failuresOverUnits + 1 : 0;
        _queue.Rewind(forget: _failuresOverUnits > 1);
        _failuresOverAudio = session is { AudioFrames: 0, WasFedAudio: true } ? _failuresOverAudio + 1 : 0;
        foreach (WorkerSound sound in _sounds) { sound.Queue.Rewind(forget: _failuresOverAudio > 1); }
        return (failure, session.FirstFrame == 0 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(session.FirstFrame));
    }

    private TranscoderSettings SettingsFor(LadderFormat format)
    {
        // A GPU over which a worker failed may do so again.
        bool isGpuSuspect = _failuresOverUnits > 0 && _options.AllowSoftwareFallback;
        (TranscodeDevice device, int gpu) = isGpuSuspect ? (TranscodeDevice.Cpu, 0) : _gpus.Place(this, format.Source, format.Rungs);
        return new TranscoderSettings
        {
            Device = device,
            GpuIndex = gpu,
            AllowSoftwareFallback = _options.AllowSoftwareFallback,
            MaxLag = _options.MaxLag,
            DecoderThreads = _options.Threads,
            FilterThreads = _options.Threads,
            EncoderThreads = _options.Threads,
        };
    }

    private void GoDown(string reason)
    {
        bool isNews = _isUp || _reason != reason;
        (_isUp, _reason) = (false, reason);
        foreach (WorkerSound sound in _sounds) { sound.GoDown(); }
        _isRungUp = new bool[_isRungUp.Length];
        if (isNews) { _output.OnDown(reason); }
    }

    private void EndSnapshot(int number, byte[]? jpeg)
    {
        TaskCompletionSource<byte[]?>? snapshot;
        lock (_gate) { _snapshots.Remove(number, out snapshot); }
        snapshot?.TrySetResult(jpeg);
    }

    private RenditionState StateOf(RungPlan rung, int index)
    {
        (long[] frames, bool[] isUp) = (_framesOfRung, _isRungUp);
        return new RenditionState(rung.Name, rung.Codec.ToString().ToLowerInvariant(), $"{rung.Width}x{rung.Height}", rung.Bitrate,
            index < frames.Length ? frames[index] : 0, index < isUp.Length && isUp[index]);
    }

    private AudioRenditionState StateOf(WorkerSound sound) => new(RenditionName.EncodedAudioOf(sound.Number), "aac", sound.Format.Plan.Channels, sound.Format.Plan.SampleRate, sound.Format.Plan.Bitrate,
        sound.Frames, Volatile.Read(ref _audioErrors), sound.IsUp);

    private static string? DescribeLag(in WorkerStats stats) => stats.SkipLevel switch
    {
        0 => stats.LagMicroseconds > LagToReport.TotalMicroseconds ? $"renditions are {stats.LagMicroseconds / 1e6:F1} s late" : null,
        <= LagController.EvenLevels => $"this machine cannot keep up: {stats.SkipLevel} of {stats.SkipLevel + 1} pictures are left out",
        LagController.ReferencesOnlyLevel => "this machine cannot keep up: pictures that no other refers to are left out, and most of the rest",
        _ => "this machine cannot keep up: only key frames are encoded",
    };

    private static void RecordMean(System.Diagnostics.Metrics.Histogram<double> histogram, long ticks, long count)
    {
        if (count > 0 && ticks >= 0) { histogram.Record(ticks * 1000.0 / Stopwatch.Frequency / count); }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Stream {Stream}: its encoded frames could not be taken")]
    private partial void LogBug(Exception error, string stream);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: its sound ({Codec}, {SampleRate} Hz, {Channels} channels) is encoded as AAC of {Kilobits} kbit/s")]
    private partial void LogAudio(string stream, string codec, int sampleRate, int channels, int kilobits);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: its sound cannot be encoded: {Reason}")]
    private partial void LogAudioFailed(string stream, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stream {Stream}: all renditions are up")]
    private partial void LogUp(string stream);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: renditions are down, next try in {Seconds} s. {Reason}")]
    private partial void LogDown(string stream, string reason, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: renditions are refused: {Reason}")]
    private partial void LogRefused(string stream, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Stream {Stream}: {Reason}")]
    private partial void LogOverloaded(string stream, string reason);
}
