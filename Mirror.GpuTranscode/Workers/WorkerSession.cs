using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Threading.Channels;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>One worker at work for one stream: sends units and audio frames, takes what is encoded, and watches that it goes on.</summary>
internal sealed class WorkerSession
{
    private const int HeadLength = WorkerProtocol.HeaderLength + WorkerProtocol.UnitFieldsLength;
    private readonly WorkerProcess _worker;
    private readonly LadderQueue _queue;
    private readonly Func<WorkerSound[]> _sounds;
    private readonly ISessionEvents _events;
    private readonly Func<LadderFormat, TranscoderSettings> _settings;
    private readonly WorkerWatch _watch;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private readonly Channel<byte[]> _requests = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(4) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Queue<LadderFormat> _announced = new();
    private readonly byte[] _head = new byte[HeadLength];
    private readonly List<ArraySegment<byte>> _segments = [];
    private LadderFormat? _configured;
    private readonly Dictionary<int, AudioTrack> _encodedSounds = [];       // for the receiving side alone
    private LadderFormat? _sentFormat;
    private readonly Dictionary<int, AudioFormat> _sentSounds = [];         // for the sending side alone
    private long _sent;                                      // units, audio frames and drains
    private string? _fatal;

    public WorkerSession(WorkerProcess worker, LadderQueue queue, Func<WorkerSound[]> sounds, ISessionEvents events, long largestMemory, Func<LadderFormat, TranscoderSettings> settings)
    {
        (_worker, _queue, _sounds, _events, _settings) = (worker, queue, sounds, events, settings);
        _watch = new WorkerWatch(worker.Meter, largestMemory);
    }

    public int WorkerId => _worker.Id;

    /// <summary>Frames taken from this worker.</summary>
    public long Frames { get; private set; }

    /// <summary>Whether it was sent any unit.</summary>
    public bool WasFed { get; private set; }

    /// <summary>Audio frames taken from this worker.</summary>
    public long AudioFrames { get; private set; }

    /// <summary>Whether it was sent any audio.</summary>
    public bool WasFedAudio { get; private set; }

    /// <summary>When the first frame came, of pictures or sound, in ticks of the monotonic clock; zero before.</summary>
    public long FirstFrame { get; private set; }

    /// <summary>The last heartbeat.</summary>
    public WorkerStats Stats { get; private set; }

    /// <summary>The queue holds something new.</summary>
    public void Wake() => _wake.Writer.TryWrite(true);

    /// <summary>Sends a message out of turn; false if too many wait.</summary>
    public bool Request(byte[] message)
    {
        bool taken = _requests.Writer.TryWrite(message);
        Wake();
        return taken;
    }

    /// <summary>Runs until the worker fails, or the token asks for an end.</summary>
    /// <returns>How it failed, in a sentence.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<string?>[] parts = [SendAsync(ending.Token), ReceiveAsync(ending.Token), WatchAsync(ending.Token)];
        string? failure = await await Task.WhenAny(parts);
        await ending.CancelAsync();
        failure ??= cancellationToken.IsCancellationRequested ? "It was asked to end." : await _worker.DescribeExitAsync();
        await _worker.DisposeAsync();                        // closes the socket, which ends what still waits on it
        await Task.WhenAll(parts);
        return failure;
    }

    private async Task<string?> SendAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                while (_requests.Reader.TryRead(out byte[]? request)) { await _worker.SendAsync(request, cancellationToken); }
                // Sound goes first: it is little, and pictures may be waited for.
                if (TryTakeSound(out WorkerSound? sound, out AudioQueue.Entry frame))
                {
                    try { await SendAsync(sound, frame, cancellationToken); }
                    finally { frame.Unit.Release(); }
                }
                else if (_queue.TryTake(out LadderQueue.Entry next))
                {
                    try { await SendAsync(next, cancellationToken); }
                    finally { next.Unit?.Release(); }
                }
                else { await _wake.Reader.ReadAsync(cancellationToken); }
            }
        }
        catch (Exception error) when (IsEnd(error) && !cancellationToken.IsCancellationRequested)
        {
            // The worker is gone. What it said last is still to be read, so its end is for the receiver to tell.
            await Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
        catch (Exception error) when (IsEnd(error)) { /* the session ends */ }
        return null;
    }

    private async ValueTask ConfigureAsync(LadderFormat format, CancellationToken cancellationToken)
    {
        lock (_announced) { _announced.Enqueue(format); }
        byte[] message = WorkerProtocol.WriteConfigure(new WorkerConfiguration
        {
            Generation = format.Generation,
            Source = format.Source,
            Rungs = format.Rungs,
            ResumeAfter = _queue.ResumePoints(format.Generation),
            Settings = _settings(format),
        });
        await _worker.SendAsync(message, cancellationToken);
    }

    private bool TryTakeSound([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out WorkerSound? sound, out AudioQueue.Entry frame)
    {
        foreach (WorkerSound next in _sounds())
        {
            if (!next.Queue.TryTake(out frame)) { continue; }
            sound = next;
            return true;
        }
        (sound, frame) = (null, default);
        return false;
    }

    private async ValueTask SendAsync(WorkerSound sound, AudioQueue.Entry entry, CancellationToken cancellationToken)
    {
        if (entry.Format != _sentSounds.GetValueOrDefault(sound.Number))
        {
            _sentSounds[sound.Number] = entry.Format;
            var configuration = new AudioConfiguration { Sound = sound.Number, Source = entry.Format.Source, Plan = entry.Format.Plan, ResumeAfter = sound.Queue.Delivered };
            await _worker.SendAsync(WorkerProtocol.WriteConfigureAudio(configuration), cancellationToken);
        }
        WasFedAudio = true;
        _watch.OnSent(++_sent);
        WorkerProtocol.WriteHeader(_head, WorkerMessageType.Audio, WorkerProtocol.AudioFieldsLength + entry.Unit.Payload.Length);
        new WorkerAudio(sound.Number, entry.Timeline, entry.Unit.Pts90k, entry.Unit.ReceivedTimestamp).WriteTo(_head.AsSpan(WorkerProtocol.HeaderLength));
        await SendAsync(WorkerProtocol.AudioFieldsLength, entry.Unit.Payload);
    }

    private async ValueTask SendAsync(LadderQueue.Entry entry, CancellationToken cancellationToken)
    {
        if (entry.Format is { } format && format != _sentFormat)
        {
            _sentFormat = format;
            await ConfigureAsync(format, cancellationToken);
        }
        _watch.OnSent(++_sent);
        if (entry.Unit is not { } unit)
        {
            await _worker.SendAsync(WorkerProtocol.WriteDrain(entry.Sequence), cancellationToken);
            return;
        }
        WasFed = true;
        WorkerProtocol.WriteHeader(_head, WorkerMessageType.Unit, WorkerProtocol.UnitFieldsLength + unit.Payload.Length);
        new WorkerUnit(entry.Timeline, entry.StartsSegment, entry.FollowsGap, unit.Pts90k, unit.Dts90k, unit.ReceivedTimestamp)
            .WriteTo(_head.AsSpan(WorkerProtocol.HeaderLength));
        await SendAsync(WorkerProtocol.UnitFieldsLength, unit.Payload);
    }

    /// <summary>Sends the header and the fields that were written, and a payload, in one call.</summary>
    private async ValueTask SendAsync(int fieldsLength, MediaBuffer media)
    {
        _segments.Clear();
        _segments.Add(new ArraySegment<byte>(_head, 0, WorkerProtocol.HeaderLength + fieldsLength));
        if (System.Runtime.InteropServices.MemoryMarshal.TryGetArray(media.Memory, out ArraySegment<byte> payload) && payload.Count > 0) { _segments.Add(payload); }
        int count = await _worker.Socket.SendAsync(_segments, SocketFlags.None);
        if (count != _segments.Sum(static segment => segment.Count)) { throw new IOException("A message was sent in part."); }
    }

    private async Task<string?> ReceiveAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (Dispatch() is { } failure) { return failure; }
                _watch.OnReceiving();
                int count = await _worker.Socket.ReceiveAsync(_worker.Reader.GetMemory(), SocketFlags.None, cancellationToken);
                _watch.OnReceived();
                if (count == 0) { return null; }
                _worker.Reader.Advance(count);
            }
        }
        catch (Exception error) when (IsEnd(error)) { return null; }
        catch (Exception error)
        {
            _events.OnBug(error);                            // of whoever takes the frames: the stream's renditions start anew
            return "The frames could not be taken.";
        }
    }

    /// <summary>Hands on every message that is whole.</summary>
    /// <returns>What is wrong with one; <see langword="null"/> when nothing is.</returns>
    private string? Dispatch()
    {
        while (_worker.Reader.TryRead(out WorkerMessage message))
        {
            bool isSound = Dispatch(message);
            if (message.Type is not (WorkerMessageType.Frame or WorkerMessageType.AudioFrame) || !isSound) { message.Payload.Release(); }
            if (!isSound) { return "The worker process sent a message that makes no sense."; }
            if (_fatal is not null) { return _fatal; }
        }
        return _worker.Reader.IsCorrupt ? "The worker process sent bytes that are no message." : null;
    }

    private WorkerSound? Find(int number) => Array.Find(_sounds(), sound => sound.Number == number);

    private bool Dispatch(in WorkerMessage message)
    {
        switch (message.Type)
        {
            case WorkerMessageType.Frame:
                WorkerFrame frame = WorkerFrame.Read(message.Fields);
                if (_configured is null || frame.Rung < 0 || frame.Rung >= _configured.Rungs.Count) { return false; }
                Frames++;
                NoteFrame();
                _queue.OnDelivered(frame.Rung, frame);
                _events.OnFrame(frame, message.Payload);
                return true;
            case WorkerMessageType.AudioFrame:
                WorkerAudio frameOfSound = WorkerAudio.Read(message.Fields);
                if (!_encodedSounds.TryGetValue(frameOfSound.Sound, out AudioTrack? encoded) || Find(frameOfSound.Sound) is not { } of) { return false; }
                AudioFrames++;
                NoteFrame();
                of.Queue.OnDelivered(frameOfSound, (long)((Int128)frameOfSound.Pts * 90_000 / encoded.SampleRate));
                _events.OnAudioFrame(frameOfSound, message.Payload);
                return true;
            case WorkerMessageType.AudioFormat:
                AudioTrack? audioTrack = WorkerProtocol.ReadJson(message.Payload.Span, WorkerJson.Default.AudioTrack);
                if (audioTrack is not { SampleRate: > 0 }) { return false; }
                int number = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(message.Fields);
                _encodedSounds[number] = audioTrack;
                _events.OnAudioFormat(number, audioTrack);
                return true;
            case WorkerMessageType.AudioFailed:
                _events.OnAudioFailed(System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(message.Fields), Encoding.UTF8.GetString(message.Payload.Span));
                return true;
            case WorkerMessageType.Format:
                int rung = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(message.Fields);
                VideoTrack? track = WorkerProtocol.ReadJson(message.Payload.Span, WorkerJson.Default.VideoTrack);
                if (track is null || _configured is null || rung < 0 || rung >= _configured.Rungs.Count) { return false; }
                _events.OnFormat(rung, track);
                return true;
            case WorkerMessageType.Configured:
                lock (_announced)
                {
                    if (!_announced.TryDequeue(out _configured)) { return false; }
                }
                if (_configured.Generation != System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(message.Fields)) { return false; }
                _events.OnConfigured(_configured);
                return true;
            case WorkerMessageType.Drained:
                _queue.OnDrained(System.Buffers.Binary.BinaryPrimitives.ReadInt64LittleEndian(message.Fields));
                _events.OnDrained();
                return true;
            case WorkerMessageType.Stats:
                WorkerStats stats = WorkerStats.Read(message.Fields);
                _watch.OnHeartbeat(stats);
                _events.OnStats(Stats, stats);
                Stats = stats;
                return true;
            case WorkerMessageType.Image:
                _events.OnImage(System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(message.Fields), message.Payload.Span);
                return true;
            case WorkerMessageType.Fatal:
                _fatal = Encoding.UTF8.GetString(message.Payload.Span);
                return true;
            default:
                return false;
        }
    }

    private void NoteFrame()
    {
        if (FirstFrame == 0) { FirstFrame = Stopwatch.GetTimestamp(); }
        _watch.OnFrame();
    }

    private async Task<string?> WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var timer = new PeriodicTimer(WorkerWatch.Interval);
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                if (_watch.Check() is { } failure) { return failure; }
                if (_watch.TakeCores() is { } cores) { _events.OnCores(cores); }
            }
        }
        catch (OperationCanceledException) { /* the session ends */ }
        return null;
    }

    private static bool IsEnd(Exception error) => error is SocketException or ObjectDisposedException or OperationCanceledException or IOException;
}

/// <summary>Is told what a worker does. Calls never overlap, but for <see cref="OnCores"/>.</summary>
internal interface ISessionEvents
{
    void OnConfigured(LadderFormat format);

    void OnFormat(int rung, VideoTrack track);

    /// <summary>A frame; the payload's reference passes.</summary>
    void OnFrame(in WorkerFrame frame, MediaBuffer payload);

    void OnAudioFormat(int sound, AudioTrack track);

    /// <summary>An encoded audio frame; the payload's reference passes.</summary>
    void OnAudioFrame(in WorkerAudio frame, MediaBuffer payload);

    /// <summary>There is no sound for now.</summary>
    void OnAudioFailed(int sound, string reason);

    void OnDrained();

    void OnImage(int request, ReadOnlySpan<byte> jpeg);

    void OnStats(in WorkerStats before, in WorkerStats now);

    /// <summary>A call of this interface threw.</summary>
    void OnBug(Exception error);

    /// <summary>How many cores the worker used over the last second. Comes on another thread than the rest.</summary>
    void OnCores(double cores);
}
