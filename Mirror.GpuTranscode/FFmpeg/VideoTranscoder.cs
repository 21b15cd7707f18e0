using System.Diagnostics;
using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>
/// Decodes a video track once and encodes every rung of its ladder. Works on the caller's thread: what a source unit leads to has come out
/// when <see cref="Decode"/> returns, unless the source or a rung reorders pictures.
/// </summary>
/// <remarks>
/// A frame's way: 1. the decoder puts it out in presentation order; 2. each rung decides whether it encodes it; 3. interlaced frames are
/// made whole; 4. each rung scales it, from the next larger rung's picture where the shapes agree; 5. each rung encodes it. Not thread-safe,
/// but for <see cref="SkipLevel"/>, <see cref="DecoderSkip"/> and <see cref="Figures"/>.
/// </remarks>
internal sealed unsafe class VideoTranscoder : IDisposable
{
    private const int MostFramesAtOnce = 64;                 // out of a decoder for one unit: a broken one must not hold the loop
    private const int MostFailuresInARow = 25;               // then something other than the media is wrong, and a fresh process is the remedy
    private const int MostRungs = 64;
    private const long LongestReordering90k = 10 * 90_000;   // 16 pictures at the slowest frame rate that anyone sends
    private readonly IReadOnlyList<RungPlan> _plans;
    private readonly TranscoderSettings _settings;
    private readonly ITranscodeOutput _output;
    private readonly PictureQueue _pictures = new();
    private readonly Queue<SourcePicture> _deinterlacing = new();
    private VideoTrack _source;
    private HardwareDevice? _gpu;
    private VideoDecoder _decoder;
    private Rung[] _rungs;                                   // from the largest
    private FilterGraph? _deinterlacer;
    private FrameFormat _format;
    private AVFrame* _frame;
    private AVFrame* _filtered;
    private AVFrame* _keyFrame;
    private FrameFormat _keyFrameFormat;
    private AVFrame* _shown;                                 // the last, as it was scaled
    private FrameFormat _shownFormat;
    private bool _repeats;                                   // the last one, since pictures are missing
    private int _timeline;
    private bool _awaitsKey = true;
    private bool _isSegmentStartLost;
    private int _failuresInARow;
    private IReadOnlyList<ResumePoint> _resumeAfter = [];
    private volatile int _skipLevel;
    private volatile DecoderSkip _decoderSkip;

    /// <param name="source">The track to decode.</param>
    /// <param name="rungs">The renditions to make, at most 64; their order numbers them.</param>
    /// <param name="settings">Where and how.</param>
    /// <param name="output">Takes what is encoded.</param>
    /// <exception cref="FFmpegException">A decoder or encoder cannot be opened.</exception>
    /// <exception cref="NotSupportedException">There is no encoder for a rung's codec.</exception>
    public VideoTranscoder(VideoTrack source, IReadOnlyList<RungPlan> rungs, TranscoderSettings settings, ITranscodeOutput output)
    {
        if (rungs.Count > MostRungs) { throw new ArgumentException($"{rungs.Count} rungs are more than {MostRungs}.", nameof(rungs)); }
        _source = source;
        _plans = rungs;
        _settings = settings;
        _output = output;
        Figures = new TranscodeFigures(rungs.Count);
        _decoder = null!;
        _rungs = [];
        try
        {
            _frame = ffmpeg.av_frame_alloc();
            _filtered = ffmpeg.av_frame_alloc();
            _keyFrame = ffmpeg.av_frame_alloc();
            _shown = ffmpeg.av_frame_alloc();
            FFmpegException.ThrowIfNull(_frame, "take a frame");
            FFmpegException.ThrowIfNull(_filtered, "take a frame");
            FFmpegException.ThrowIfNull(_keyFrame, "take a frame");
            FFmpegException.ThrowIfNull(_shown, "take a frame");
            Open(settings.Device);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What does the work: the GPU only as long as it can.</summary>
    public TranscodeDevice Device { get; private set; }

    /// <summary>Why the CPU does what the GPU was to do; <see langword="null"/> where that is not so.</summary>
    public string? FallbackReason { get; private set; }

    /// <summary>How many pictures to leave out after each that is encoded: 0 none, 1 every second… Those that start a segment are never left out.</summary>
    public int SkipLevel { get => _skipLevel; set => _skipLevel = value; }

    /// <summary>What the decoder leaves out, from the next unit on.</summary>
    public DecoderSkip DecoderSkip { get => _decoderSkip; set => _decoderSkip = value; }

    /// <summary>What it has done.</summary>
    public TranscodeFigures Figures { get; }

    /// <summary>Takes over from another transcoder: pictures that it delivered are decoded, but encoded no more. Each rung goes on with an IDR picture.</summary>
    /// <param name="points">The last frame of each rung; none when empty.</param>
    public void ResumeAfter(IReadOnlyList<ResumePoint> points)
    {
        _resumeAfter = points;
        foreach (Rung rung in _rungs) { rung.ResumeAfter = rung.Index < points.Count ? points[rung.Index] : ResumePoint.None; }
    }

    /// <summary>Decodes one unit and encodes what comes out; for an empty one the last picture is encoded again. Damaged media costs pictures and is counted.</summary>
    /// <exception cref="FFmpegException">Filters or encoders failed again and again, whatever the picture: start afresh.</exception>
    public void Decode(in SourceUnit unit)
    {
        if (Figures.Units > 0 && unit.Timeline != _timeline) { Drain(); }
        _timeline = unit.Timeline;
        Figures.Units++;
        if (unit.Pts90k < unit.Dts90k || unit.Pts90k - unit.Dts90k > LongestReordering90k)
        {
            Figures.Errors++;                                // one picture far ahead would make all after it late
            _isSegmentStartLost |= unit.StartsSegment;
            return;
        }
        long started = Stopwatch.GetTimestamp();
        var picture = new SourcePicture
        {
            Timeline = unit.Timeline,
            Pts90k = unit.Pts90k,
            ReceivedTimestamp = unit.ReceivedTimestamp,
            DecodeTimestamp = started,
            StartsSegment = unit.StartsSegment,
        };
        if (unit.Payload.IsEmpty)
        {
            Repeat(picture);
            return;
        }
        long decoded = Figures.FramesDecoded;
        _pictures.Add(picture);
        _decoder.Skip = _decoderSkip;
        if (!_decoder.TrySend(unit.Payload, unit.Pts90k)) { Figures.Errors++; }
        Receive(Stopwatch.GetTimestamp() - started);
        // Pictures that return may refer to some that are missing: until one can be shown, the last one stands for them as well.
        if (_repeats && Figures.FramesDecoded == decoded) { Repeat(picture); }
    }

    /// <summary>The timeline ends: every frame still inside comes out. The next unit, a key frame, may start another.</summary>
    public void Drain()
    {
        _decoder.End();
        Receive(0);
        try
        {
            EndDeinterlacer();
            foreach (Rung rung in _rungs) { rung.Drain(); }
        }
        catch (FFmpegException error)
        {
            Recover(error);
        }
        _decoder.Restart();
        _pictures.Clear();
        _awaitsKey = true;
        _isSegmentStartLost = false;
    }

    /// <summary>The source's parameter sets change, its timeline goes on. Rungs keep their format.</summary>
    /// <exception cref="FFmpegException">No decoder takes it.</exception>
    public void ChangeSource(VideoTrack source)
    {
        _decoder.End();
        Receive(0);
        VideoDecoder previous = _decoder;
        _decoder = new VideoDecoder(source, _settings.DecoderThreads, _gpu);
        previous.Dispose();
        _source = source;
        _awaitsKey = true;
    }

    /// <summary>The newest key frame as a JPEG picture; <see langword="null"/> if there is none yet.</summary>
    /// <param name="maxWidth">Width at most, in pixels.</param>
    public byte[]? SnapshotJpeg(int maxWidth) => _keyFrame->width == 0 ? null : JpegPicture.Encode(_keyFrame, _keyFrameFormat, maxWidth);

    /// <summary>A key frame as a JPEG picture, for streams that nothing decodes; <see langword="null"/> if it cannot be decoded.</summary>
    /// <param name="track">Its track.</param>
    /// <param name="keyFrame">Length-prefixed NAL units.</param>
    /// <param name="maxWidth">Width at most, in pixels.</param>
    public static byte[]? KeyFrameJpeg(VideoTrack track, ReadOnlySpan<byte> keyFrame, int maxWidth = 1280)
    {
        AVFrame* frame = ffmpeg.av_frame_alloc();
        FFmpegException.ThrowIfNull(frame, "take a frame");
        try
        {
            using var decoder = new VideoDecoder(track, threads: 0, device: null);
            if (!decoder.TrySend(keyFrame, 0)) { return null; }
            decoder.End();
            return decoder.TryReceive(frame, out bool isError) && !isError ? JpegPicture.Encode(frame, FrameFormat.Of(frame, default), maxWidth) : null;
        }
        catch (FFmpegException)
        {
            return null;
        }
        finally
        {
            ffmpeg.av_frame_free(&frame);
        }
    }

    public void Dispose()
    {
        Close();
        fixed (AVFrame** frame = &_frame) { ffmpeg.av_frame_free(frame); }
        fixed (AVFrame** frame = &_filtered) { ffmpeg.av_frame_free(frame); }
        fixed (AVFrame** frame = &_keyFrame) { ffmpeg.av_frame_free(frame); }
        fixed (AVFrame** frame = &_shown) { ffmpeg.av_frame_free(frame); }
    }

    /// <summary>Gives back filters, encoders, decoder and frames, and last the GPU on which they lie.</summary>
    private void Close()
    {
        CloseDeinterlacer();
        foreach (Rung rung in _rungs) { rung.Dispose(); }
        _rungs = [];
        _decoder?.Dispose();
        if (_frame is not null) { ffmpeg.av_frame_unref(_frame); }
        if (_filtered is not null) { ffmpeg.av_frame_unref(_filtered); }
        if (_keyFrame is not null) { ffmpeg.av_frame_unref(_keyFrame); }
        if (_shown is not null) { ffmpeg.av_frame_unref(_shown); }
        _gpu?.Dispose();
        _gpu = null;
    }

    private void Open(TranscodeDevice device)
    {
        Device = device;
        if (Device != TranscodeDevice.Cpu)
        {
            try
            {
                _gpu = new HardwareDevice(_settings.GpuIndex);
            }
            catch (FFmpegException error) when (_settings.AllowSoftwareFallback)
            {
                Device = TranscodeDevice.Cpu;
                FallbackReason = error.Message;
            }
        }
        _decoder = new VideoDecoder(_source, _settings.DecoderThreads, _gpu);
        List<Rung> rungs = [];
        try
        {
            for (int i = 0; i < _plans.Count; i++) { rungs.Add(new Rung(i, _plans[i], _source, Device, _settings, _output, Figures)); }
        }
        catch
        {
            foreach (Rung rung in rungs) { rung.Dispose(); }
            throw;
        }
        _rungs = [.. rungs.OrderByDescending(rung => (long)rung.Plan.Width * rung.Plan.Height)];
        ResumeAfter(_resumeAfter);
        Rung.Chain(_rungs, isChained: Device != TranscodeDevice.GpuDecode);      // there, pictures leave the GPU when they are scaled
    }

    private void Receive(long decodeTicks)
    {
        for (int i = 0; i < MostFramesAtOnce; i++)
        {
            long started = Stopwatch.GetTimestamp();
            bool isReceived = _decoder.TryReceive(_frame, out bool isError);
            decodeTicks += Stopwatch.GetTimestamp() - started;
            if (!isReceived) { break; }
            if (isError)
            {
                Figures.Errors++;
                continue;
            }
            try { TakeFrame(); }
            catch (FFmpegException error) { Recover(error); }
        }
        Figures.Decode.Add(decodeTicks);
        Figures.FramesLost = _pictures.Lost;
    }

    /// <summary>The picture is missing: the last that was shown stands for it.</summary>
    private void Repeat(in SourcePicture picture)
    {
        if (_awaitsKey || _shown->width == 0 || !_pictures.TryPass(picture.Pts90k))
        {
            _isSegmentStartLost |= picture.StartsSegment;
            return;
        }
        _repeats = true;
        try { Scale(_shown, _shownFormat, Admit(picture)); }
        catch (FFmpegException error) { Recover(error); }
    }

    /// <summary>2: each rung decides.</summary>
    private SourcePicture Admit(in SourcePicture picture)
    {
        SourcePicture admitted = picture with { StartsSegment = picture.StartsSegment || _isSegmentStartLost };
        _isSegmentStartLost = false;
        ulong rungs = 0;
        int skipLevel = _skipLevel;
        bool wasDelivered = true;
        foreach (Rung rung in _rungs)
        {
            rungs |= rung.Admits(admitted, skipLevel) ? 1UL << rung.Index : 0;
            wasDelivered &= rung.WasDelivered(admitted);
        }
        if (rungs == 0 && skipLevel > 0 && !wasDelivered) { Figures.FramesSkipped++; }
        return admitted with { Rungs = rungs };
    }

    /// <summary>1, 2: a frame comes out of the decoder.</summary>
    private void TakeFrame()
    {
        Figures.FramesDecoded++;
        _repeats = false;
        if (_frame->decode_error_flags != 0) { Figures.Errors++; }
        if (!_pictures.TryTake(_frame->pts, out SourcePicture picture)) { return; }
        if (_awaitsKey && !MayBeFirst(_frame))
        {
            _isSegmentStartLost |= picture.StartsSegment;
            return;
        }
        _awaitsKey = false;
        picture = Admit(picture);

        FrameFormat format = FrameFormat.Of(_frame, _format);
        if (format != _format) { ChangeFormat(format); }
        if (_frame->key_frame != 0 || picture.StartsSegment) { KeepKeyFrame(); }
        if (_deinterlacer is null) { Scale(_frame, _format, picture); }
        else { Deinterlace(picture); }
    }

    /// <summary>
    /// A key frame, or of H.264 any without an error: where no key frames are sent, the decoder puts out nothing before the recovery point
    /// at which all of the picture was refreshed (§D.2.8).
    /// </summary>
    private bool MayBeFirst(AVFrame* frame) => frame->key_frame != 0 || (_source.Codec == Codec.H264 && frame->decode_error_flags == 0);

    private void ChangeFormat(in FrameFormat format)
    {
        EndDeinterlacer();
        _format = format;
        if (format.IsInterlaced) { _deinterlacer = new FilterGraph(format, _frame->hw_frames_ctx, ScaleFilters.Deinterlace(format), ThreadsToDeinterlace); }
    }

    private static int ThreadsToDeinterlace => Math.Min(2, Environment.ProcessorCount);

    private void KeepKeyFrame()
    {
        ffmpeg.av_frame_unref(_keyFrame);
        if (ffmpeg.av_frame_ref(_keyFrame, _frame) >= 0) { _keyFrameFormat = _format; }
    }

    private void KeepShown(AVFrame* frame, in FrameFormat format)
    {
        if (frame == _shown) { return; }
        ffmpeg.av_frame_unref(_shown);
        if (ffmpeg.av_frame_ref(_shown, frame) < 0) { return; }
        _shownFormat = format;

        // If the frame is repeated, its captions are not.
        CaptionQueue.Remove(_shown);
    }

    /// <summary>3. It comes out a frame later, in its order.</summary>
    private void Deinterlace(in SourcePicture picture)
    {
        long started = Stopwatch.GetTimestamp();
        _deinterlacing.Enqueue(picture);
        _deinterlacer!.Push(_frame);
        TakeDeinterlaced(started);
    }

    private void TakeDeinterlaced(long started)
    {
        while (_deinterlacer!.TryPull(_filtered))
        {
            Figures.Scale.Add(Stopwatch.GetTimestamp() - started);
            while (_deinterlacing.TryDequeue(out SourcePicture picture))
            {
                if (picture.Pts90k != _filtered->pts) { continue; }
                nint surfaces = _filtered->hw_frames_ctx is null ? 0 : (nint)_filtered->hw_frames_ctx->data;
                Scale(_filtered, _format with { IsInterlaced = false, HardwareFrames = surfaces }, picture);
                break;
            }
            ffmpeg.av_frame_unref(_filtered);
            started = Stopwatch.GetTimestamp();
        }
    }

    private void EndDeinterlacer()
    {
        if (_deinterlacer is null) { return; }
        try
        {
            _deinterlacer.End();
            TakeDeinterlaced(Stopwatch.GetTimestamp());
        }
        finally
        {
            CloseDeinterlacer();
        }
    }

    private void CloseDeinterlacer()
    {
        _deinterlacer?.Dispose();
        _deinterlacer = null;
        _deinterlacing.Clear();
        _format = default;                                   // the next frame decides anew
    }

    /// <summary>4, 5: for the rungs that encode the picture, and those whose pictures they scale.</summary>
    private void Scale(AVFrame* frame, in FrameFormat format, in SourcePicture picture)
    {
        KeepShown(frame, format);
        foreach (Rung rung in _rungs)
        {
            if ((picture.Rungs & (1UL << rung.Index)) == 0) { rung.Skip(frame, picture); }
        }
        if (picture.Rungs == 0) { return; }
        foreach (Rung rung in _rungs)
        {
            if ((picture.Rungs & rung.Serves) == 0) { continue; }
            if (rung.Parent is { } parent) { rung.Scale(parent.Frame, parent.FrameFormat); }
            else { rung.Scale(frame, format); }
            if ((picture.Rungs & (1UL << rung.Index)) != 0) { rung.Encode(frame, picture); }
        }
        foreach (Rung rung in _rungs) { rung.ReleaseFrame(); }
        _failuresInARow = 0;
    }

    /// <summary>A failure costs the picture. It ends the use of a GPU; on the CPU everything is opened again, a number of times.</summary>
    private void Recover(FFmpegException error)
    {
        Figures.Errors++;
        CloseDeinterlacer();
        if (_gpu is not null && _settings.AllowSoftwareFallback)
        {
            FallBack(error.Message);
            return;
        }
        if (++_failuresInARow > MostFailuresInARow) { throw error; }
        foreach (Rung rung in _rungs) { rung.Reset(); }
    }

    /// <summary>Goes on without the GPU, from the next key frame.</summary>
    private void FallBack(string reason)
    {
        Close();
        FallbackReason = reason;
        _awaitsKey = true;
        Open(TranscodeDevice.Cpu);
    }
}
