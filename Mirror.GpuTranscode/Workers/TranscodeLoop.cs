using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The inside of a worker process: one thread receives, one transcodes pictures and sound, one sends the heartbeat.</summary>
/// <remarks>
/// The queue between is short. What waits, waits in the node, which decides what to leave out; a full queue stops the receiving thread, and
/// so the node's sending.
/// </remarks>
internal sealed class TranscodeLoop(Socket socket) : ITranscodeOutput, IDisposable
{
    private const int QueueLength = 16;
    private const int MostText = WorkerProtocol.MostFatalText / 4;      // characters, of up to four bytes each
    private const int FFmpegErrors = 16;                     // AV_LOG_ERROR
    private const int MostLines = 20;                        // of the libraries; damaged media makes them talk without end
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromMilliseconds(250);

    private readonly BlockingCollection<WorkItem> _items = new(QueueLength);
    private LagController _lag = new(LagController.DefaultMaxLag);
    private readonly Lock _statsGate = new();
    private readonly Lock _sendGate = new();
    private byte[] _sendBuffer = new byte[64 * 1024];
    private WorkerStats _stats;
    private WorkerStats _counted;                            // by transcoders of earlier formats
    private VideoTranscoder? _transcoder;
    private readonly Dictionary<int, AudioTranscoder> _sounds = [];
    private long _lost;
    private long _lostToSkipping;
    private int? _timeline;
    private TimeSpan _maxLag = LagController.DefaultMaxLag;
    private int _lines;

    /// <summary>Works until the connection ends, and the process with it.</summary>
    public int Run()
    {
        FFmpegLog.Attach(FFmpegErrors, WriteLine);
        FFmpegLibraries.TryLoad(out string? failure);
        Send(WorkerMessageType.Ready, [], Encoding.UTF8.GetBytes(failure ?? ""));
        if (failure is not null) { return 1; }
        new Thread(Transcode) { IsBackground = true, Name = "transcode" }.Start();
        new Thread(SendHeartbeats) { IsBackground = true, Name = "heartbeat" }.Start();
        Receive();
        LinuxProcess.Exit(0);                                // whatever native code is at: there is nothing to save
        return 0;
    }

    public void Dispose()
    {
        _transcoder?.Dispose();
        foreach (AudioTranscoder sound in _sounds.Values) { sound.Dispose(); }
        _items.Dispose();
    }

    void ITranscodeOutput.OnFormat(int rung, VideoTrack track)
    {
        Span<byte> fields = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(fields, rung);
        Send(WorkerMessageType.Format, fields, JsonSerializer.SerializeToUtf8Bytes(track, WorkerJson.Default.VideoTrack));
    }

    void ITranscodeOutput.OnFrame(int rung, in EncodedFrame frame)
    {
        Span<byte> fields = stackalloc byte[WorkerProtocol.FrameFieldsLength];
        new WorkerFrame(rung, frame.Timeline, frame.IsKey, frame.Pts90k, frame.Dts90k, frame.ReceivedTimestamp).WriteTo(fields);
        Send(WorkerMessageType.Frame, fields, frame.Payload);
    }

    private void Receive()
    {
        using var reader = new WorkerMessageReader();
        try
        {
            while (!reader.IsCorrupt)
            {
                int count = socket.Receive(reader.GetMemory().Span);
                if (count == 0) { return; }
                reader.Advance(count);
                while (reader.TryRead(out WorkerMessage message)) { _items.Add(WorkItem.Of(message)); }
            }
        }
        catch (SocketException) { /* the node is gone */ }
    }

    private void Transcode()
    {
        try
        {
            WarmUp.Run();
            foreach (WorkItem item in _items.GetConsumingEnumerable())
            {
                Transcode(item);
                item.Payload.Release();
            }
        }
        catch (SocketException) { LinuxProcess.Exit(0); }
        catch (Exception error)
        {
            string text = error.Message;
            Console.Error.WriteLine(error.ToString().ReplaceLineEndings(" "));
            Send(WorkerMessageType.Fatal, [], Encoding.UTF8.GetBytes(text.Length > MostText ? text[..MostText] : text));
            LinuxProcess.Exit(1);
        }
    }

    private void Transcode(in WorkItem item)
    {
        switch (item.Type)
        {
            case WorkerMessageType.Unit:
                Decode(item.Unit, item.Payload.Span);
                break;
            case WorkerMessageType.Configure:
                Configure(item.Payload.Span);
                break;
            case WorkerMessageType.Audio:
                DecodeAudio(item.Audio, item.Payload.Span);
                break;
            case WorkerMessageType.ConfigureAudio:
                ConfigureAudio(item.Payload.Span);
                break;
            case WorkerMessageType.Drain:
                Drain();
                DrainAudio();
                Report(lag: null);
                Send(WorkerMessageType.Drained, item.Fields, []);
                break;
            case WorkerMessageType.Snapshot:
                SendImage((int)item.Number, _transcoder?.SnapshotJpeg((int)(item.Number >> 32)));
                break;
            case WorkerMessageType.Still:
                bool isSound = WorkerProtocol.TryReadStill(item.Payload.Span, out VideoTrack? track, out ReadOnlySpan<byte> unit);
                SendImage((int)item.Number, isSound ? VideoTranscoder.KeyFrameJpeg(track!, unit) : null);
                break;
            case WorkerMessageType.Probe:
                Send(WorkerMessageType.Capabilities, [], JsonSerializer.SerializeToUtf8Bytes(CapabilityProbe.Run(), WorkerJson.Default.TranscodeCapabilities));
                break;
        }
    }

    private void Configure(ReadOnlySpan<byte> json)
    {
        WorkerConfiguration configuration = WorkerProtocol.ReadJson(json, WorkerJson.Default.WorkerConfiguration) ?? throw new InvalidDataException("The configuration cannot be read.");
        Drain();
        SetPhase(WorkerPhase.Configuring);
        _transcoder?.Dispose();
        _transcoder = null;
        (_counted, _lost, _lostToSkipping) = (_stats, 0, 0);
        _timeline = null;
        if (configuration.Settings.MaxLag != _maxLag) { (_maxLag, _lag) = (configuration.Settings.MaxLag, new LagController(configuration.Settings.MaxLag)); }
        Span<byte> generation = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(generation, configuration.Generation);
        Send(WorkerMessageType.Configured, generation, []);
        _transcoder = new VideoTranscoder(configuration.Source, configuration.Rungs, configuration.Settings, this);
        _transcoder.ResumeAfter(configuration.ResumeAfter);
        SetPhase(WorkerPhase.Idle);
    }

    private void Decode(in WorkerUnit unit, ReadOnlySpan<byte> payload)
    {
        if (_transcoder is null) { return; }
        // Presentation times of another timeline do not compare, and a decoder cannot bridge a gap.
        if (_timeline is not null && (_timeline != unit.Timeline || unit.FollowsGap)) { Drain(); }
        _timeline = unit.Timeline;
        TimeSpan lag = Stopwatch.GetElapsedTime(unit.ReceivedTimestamp);
        SetSkip(_lag.Update(Stopwatch.GetElapsedTime(0), lag));
        SetPhase(WorkerPhase.Transcoding);
        _transcoder.Decode(new SourceUnit
        {
            Timeline = unit.Timeline,
            Pts90k = unit.Pts90k,
            Dts90k = unit.Dts90k,
            StartsSegment = unit.StartsSegment,
            ReceivedTimestamp = unit.ReceivedTimestamp,
            Payload = payload,
        });
        Report(lag);
    }

    private void ConfigureAudio(ReadOnlySpan<byte> json)
    {
        AudioConfiguration configuration = WorkerProtocol.ReadJson(json, WorkerJson.Default.AudioConfiguration) ?? throw new InvalidDataException("The configuration of the sound cannot be read.");
        int number = configuration.Sound;
        try
        {
            if (_sounds.TryGetValue(number, out AudioTranscoder? sound)) { sound.ChangeSource(configuration.Source); }
            else { _sounds[number] = new AudioTranscoder(configuration.Source, configuration.Plan, configuration.ResumeAfter, new SoundOutput(this, number)); }
        }
        catch (FFmpegException error) { GiveUpAudio(number, error); }
    }

    private void DecodeAudio(in WorkerAudio unit, ReadOnlySpan<byte> payload)
    {
        SetPhase(WorkerPhase.Transcoding);
        var frame = new SourceAudio { Timeline = unit.Timeline, Pts90k = unit.Pts, ReceivedTimestamp = unit.ReceivedTimestamp, Payload = payload };
        AudioTranscoder? sound = _sounds.GetValueOrDefault(unit.Sound);
        try
        {
            if (payload.IsEmpty) { sound?.Fill(frame); }
            else { sound?.Decode(frame); }
        }
        catch (FFmpegException error) { GiveUpAudio(unit.Sound, error); }
        Report(lag: null);
    }

    private void DrainAudio()
    {
        foreach ((int number, AudioTranscoder sound) in _sounds)
        {
            try { sound.Drain(); }
            catch (FFmpegException error) { GiveUpAudio(number, error); }        // removing while enumerating is allowed
        }
    }

    /// <summary>A sound fails, whatever comes: pictures and other sounds go on without it.</summary>
    private void GiveUpAudio(int number, FFmpegException error)
    {
        if (_sounds.Remove(number, out AudioTranscoder? sound)) { sound.Dispose(); }
        string text = error.Message;
        Span<byte> fields = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(fields, number);
        Send(WorkerMessageType.AudioFailed, fields, Encoding.UTF8.GetBytes(text.Length > MostText ? text[..MostText] : text));
    }

    /// <summary>First pictures are left out after decoding, evenly; then before it.</summary>
    private void SetSkip(int level)
    {
        _transcoder!.SkipLevel = Math.Min(level, LagController.EvenLevels);
        _transcoder.DecoderSkip = level switch
        {
            LagController.MostLevels => DecoderSkip.NonKey,
            LagController.ReferencesOnlyLevel => DecoderSkip.NonReference,
            _ => DecoderSkip.Nothing,
        };
    }

    /// <summary>Notes for the next heartbeat that one more unit, audio frame or drain is done with.</summary>
    private void Report(TimeSpan? lag)
    {
        lock (_statsGate)
        {
            _stats.DoneSequence++;
            _stats.Phase = WorkerPhase.Idle;
            if (lag is { } known) { _stats.LagMicroseconds = (long)known.TotalMicroseconds; }
            if (_sounds.Count > 0)
            {
                _stats.AudioErrors = Math.Max(_stats.AudioErrors, _sounds.Values.Sum(static sound => sound.Figures.Errors));
                _stats.AudioFilledMilliseconds = Math.Max(_stats.AudioFilledMilliseconds, _sounds.Values.Sum(static sound => sound.Figures.SamplesFilled * 1000 / sound.SampleRate));
            }
            if (_transcoder is null) { return; }
            TranscodeFigures figures = _transcoder.Figures;
            bool skipsInDecoder = _transcoder.DecoderSkip != DecoderSkip.Nothing;
            if (skipsInDecoder) { _lostToSkipping += Math.Max(0, figures.FramesLost - _lost); }
            _lost = figures.FramesLost;
            _stats.SkipLevel = _lag.Level;
            _stats.FramesDecoded = _counted.FramesDecoded + figures.FramesDecoded;
            _stats.FramesEncoded = _counted.FramesEncoded + figures.Encode.Count;
            _stats.FramesScaled = _counted.FramesScaled + figures.Scale.Count;
            _stats.FramesDropped = _counted.FramesDropped + figures.FramesSkipped + _lostToSkipping;
            _stats.Errors = _counted.Errors + figures.Errors;
            _stats.DecodeTicks = _counted.DecodeTicks + figures.Decode.Ticks;
            _stats.ScaleTicks = _counted.ScaleTicks + figures.Scale.Ticks;
            _stats.EncodeTicks = _counted.EncodeTicks + figures.Encode.Ticks;
            _stats.DeviceName = _transcoder.Device switch { TranscodeDevice.Gpu => "gpu", TranscodeDevice.GpuDecode => "gpu+cpu", _ => "cpu" };
        }
    }

    private void Drain()
    {
        if (_transcoder is null) { return; }
        SetPhase(WorkerPhase.Draining);
        _transcoder.Drain();
    }

    private void SetPhase(WorkerPhase phase)
    {
        lock (_statsGate) { _stats.Phase = phase; }
    }

    private void WriteLine(int level, string line)
    {
        if (Interlocked.Increment(ref _lines) <= MostLines) { Console.Error.WriteLine(line); }
    }

    private void SendImage(int request, byte[]? jpeg)
    {
        Span<byte> fields = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(fields, request);
        Send(WorkerMessageType.Image, fields, jpeg);
    }

    private void SendHeartbeats()
    {
        Span<byte> fields = stackalloc byte[WorkerStats.Length];
        try
        {
            while (true)
            {
                lock (_statsGate)
                {
                    if (_stats.Phase == WorkerPhase.Idle && _items.Count == 0) { _stats.LagMicroseconds = 0; }      // nothing waits
                    _stats.WriteTo(fields);
                }
                Send(WorkerMessageType.Stats, fields, []);
                Thread.Sleep(HeartbeatInterval);
            }
        }
        catch (SocketException) { LinuxProcess.Exit(0); }
    }

    /// <summary>Sends a message whole: header, fields and payload go to the kernel in one call, which is what the one copy here is for.</summary>
    private void Send(WorkerMessageType type, ReadOnlySpan<byte> fields, ReadOnlySpan<byte> payload)
    {
        int length = WorkerProtocol.HeaderLength + fields.Length + payload.Length;
        lock (_sendGate)
        {
            if (_sendBuffer.Length < length) { _sendBuffer = new byte[length + length / 2]; }
            WorkerProtocol.WriteHeader(_sendBuffer, type, fields.Length + payload.Length);
            fields.CopyTo(_sendBuffer.AsSpan(WorkerProtocol.HeaderLength));
            payload.CopyTo(_sendBuffer.AsSpan(WorkerProtocol.HeaderLength + fields.Length));
            ReadOnlySpan<byte> rest = _sendBuffer.AsSpan(0, length);
            while (!rest.IsEmpty) { rest = rest[socket.Send(rest)..]; }
        }
    }

    /// <summary>Sends what is encoded of one sound.</summary>
    private sealed class SoundOutput(TranscodeLoop loop, int number) : IAudioOutput
    {
        public void OnAudioFormat(AudioTrack track)
        {
            Span<byte> fields = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(fields, number);
            loop.Send(WorkerMessageType.AudioFormat, fields, JsonSerializer.SerializeToUtf8Bytes(track, WorkerJson.Default.AudioTrack));
        }

        public void OnAudioFrame(in EncodedAudio frame)
        {
            Span<byte> fields = stackalloc byte[WorkerProtocol.AudioFieldsLength];
            new WorkerAudio(number, frame.Timeline, frame.Pts, frame.ReceivedTimestamp).WriteTo(fields);
            loop.Send(WorkerMessageType.AudioFrame, fields, frame.Payload);
        }
    }

    /// <summary>A message between the threads.</summary>
    private readonly record struct WorkItem(WorkerMessageType Type, WorkerUnit Unit, WorkerAudio Audio, long Number, MediaBuffer Payload)
    {
        public byte[] Fields => BitConverter.GetBytes(Number);

        public static WorkItem Of(in WorkerMessage message) => new(message.Type, message.Type == WorkerMessageType.Unit ? WorkerUnit.Read(message.Fields) : default,
            message.Type == WorkerMessageType.Audio ? WorkerAudio.Read(message.Fields) : default,
            message.Fields.Length switch { 4 => BinaryPrimitives.ReadInt32LittleEndian(message.Fields), 8 => BinaryPrimitives.ReadInt64LittleEndian(message.Fields), _ => 0 },
            message.Payload);
    }
}
