using System.Diagnostics;
using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>One rung at work: scales what it is given, which may be the next larger rung's picture, and encodes it.</summary>
internal sealed unsafe class Rung : IDisposable
{
    private const int LinesForThreads = 1080;                // of the picture that is scaled: smaller ones are done sooner than threads meet
    private const double SameShape = 0.01;
    private readonly TranscoderSettings _settings;
    private readonly ITranscodeOutput _target;
    private readonly TranscodeFigures _figures;
    private readonly EncoderOptions _options;
    private readonly FrameColour _colour;
    private readonly FrameRateGate _gate;
    private readonly CaptionQueue _captions = new();
    private readonly double _widening;
    private readonly bool _isOnGpu;
    private readonly AVFrame* _frame;
    private FrameFormat _input;
    private FrameFormat _output;
    private FilterGraph? _scale;
    private VideoEncoder? _encoder;
    private nint _encoderFrames;
    private VideoTrack? _announced;
    private bool _isReady;

    /// <param name="index">Its place in the ladder.</param>
    /// <param name="plan">What it encodes to.</param>
    /// <param name="source">The source's track.</param>
    /// <param name="device">What does the work.</param>
    /// <param name="settings">Threads and GPU.</param>
    /// <param name="output">Takes what is encoded.</param>
    /// <param name="figures">Counts it.</param>
    /// <exception cref="FFmpegException">Its encoder cannot be opened.</exception>
    public Rung(int index, RungPlan plan, VideoTrack source, TranscodeDevice device, TranscoderSettings settings, ITranscodeOutput output,
        TranscodeFigures figures)
    {
        Index = index;
        Plan = plan;
        _settings = settings;
        _target = output;
        _figures = figures;
        _isOnGpu = device == TranscodeDevice.Gpu;
        _options = EncoderOptions.For(plan, device, settings);
        _colour = FrameColour.Of(source.Colour).ForEncoding(source.Height);
        _widening = WideningFor(plan, source);
        _gate = new FrameRateGate(source.FrameRate, plan.LargestFrameRate);
        if (!_isOnGpu) { _encoder = OpenEncoder(null); }         // a bad setting shows at once; an encoder on a GPU needs frames to open
        _frame = ffmpeg.av_frame_alloc();
        FFmpegException.ThrowIfNull(_frame, "take a frame");
    }

    /// <summary>Its place in the ladder.</summary>
    public int Index { get; }

    /// <summary>What it encodes to.</summary>
    public RungPlan Plan { get; }

    /// <summary>The larger rung of its shape whose pictures it scales; <see langword="null"/> for the source's.</summary>
    public Rung? Parent { get; private set; }

    /// <summary>Bits of this rung and of those that scale its pictures.</summary>
    public ulong Serves { get; private set; }

    /// <summary>The picture as scaled last.</summary>
    public AVFrame* Frame => _frame;

    /// <summary>Its format.</summary>
    public ref readonly FrameFormat FrameFormat => ref _output;

    /// <summary>The last frame that another transcoder delivered. The first after it is this encoder's first, and so an IDR picture.</summary>
    public ResumePoint ResumeAfter { get; set; } = ResumePoint.None;

    private ulong Bit => 1UL << Index;

    /// <summary>Lets each rung scale the smallest larger picture of its shape, so that the source is scaled once.</summary>
    /// <param name="rungs">From the largest.</param>
    /// <param name="isChained">Otherwise each scales the source.</param>
    public static void Chain(IReadOnlyList<Rung> rungs, bool isChained)
    {
        for (int i = 0; i < rungs.Count; i++)
        {
            Rung rung = rungs[i];
            rung.Parent = isChained ? rungs.Take(i).LastOrDefault(larger => larger.Covers(rung)) : null;
            for (Rung? served = rung; served is not null; served = served.Parent) { served.Serves |= rung.Bit; }
        }
    }

    /// <summary>Whether it encodes the next picture.</summary>
    public bool Admits(in SourcePicture picture, int skipLevel)
        => _gate.Admits(picture.Pts90k, picture.StartsSegment, WasDelivered(picture) ? 0 : skipLevel) && !WasDelivered(picture);

    /// <summary>Whether another transcoder delivered the picture already.</summary>
    public bool WasDelivered(in SourcePicture picture) => ResumeAfter.Covers(picture.Timeline, picture.Pts90k);

    /// <summary>Makes <see cref="Frame"/> of a picture.</summary>
    public void Scale(AVFrame* picture, in FrameFormat format)
    {
        long started = Stopwatch.GetTimestamp();
        if (!_isReady || format != _input) { Configure(picture, format); }
        ffmpeg.av_frame_unref(_frame);
        if (_scale is null)
        {
            FFmpegException.ThrowIfError(ffmpeg.av_frame_ref(_frame, picture), "take a frame");
        }
        else
        {
            _scale.Push(picture);
            if (!_scale.TryPull(_frame)) { throw new FFmpegException($"scale to {Plan.Name}", ffmpeg.AVERROR(ffmpeg.EAGAIN)); }
        }
        nint surfaces = _frame->hw_frames_ctx is null ? 0 : (nint)_frame->hw_frames_ctx->data;
        _output = _output with { PixelFormat = (AVPixelFormat)_frame->format, HardwareFrames = surfaces };
        _figures.Scale.Add(Stopwatch.GetTimestamp() - started);
    }

    /// <summary>Gives <see cref="Frame"/> back.</summary>
    public void ReleaseFrame() => ffmpeg.av_frame_unref(_frame);

    /// <summary>Keeps the captions of a frame that the rung does not encode.</summary>
    public void Skip(AVFrame* decoded, in SourcePicture picture)
    {
        if (!WasDelivered(picture)) { _captions.Keep(decoded); }
    }

    /// <summary>Encodes <see cref="Frame"/>.</summary>
    /// <param name="decoded">The decoded frame that it was scaled from.</param>
    /// <param name="picture">Times of the frame.</param>
    public void Encode(AVFrame* decoded, in SourcePicture picture)
    {
        long started = Stopwatch.GetTimestamp();
        _captions.MoveTo(decoded, _frame);
        if (_encoder is null || _encoder.PixelFormat != _output.PixelFormat || _encoderFrames != _output.HardwareFrames)
        {
            EndEncoder();
            _encoder = OpenEncoder(_frame->hw_frames_ctx);
        }
        _encoder.Send(_frame, picture);
        _figures.Encode.Add(Stopwatch.GetTimestamp() - started + Receive());
    }

    /// <summary>The timeline ends: all that was encoded comes out, and the next picture starts anew.</summary>
    public void Drain()
    {
        _gate.Restart();
        _captions.Clear();
        if (_encoder is { Pending: > 0 }) { EndEncoder(); }
    }

    /// <summary>After a failure: everything is opened again with the next picture.</summary>
    public void Reset()
    {
        CloseScale();
        _encoder?.Dispose();
        _encoder = null;
    }

    public void Dispose()
    {
        Reset();
        AVFrame* frame = _frame;
        ffmpeg.av_frame_free(&frame);
    }

    private bool Covers(Rung smaller)
    {
        double shape = (double)Plan.Width / Plan.Height;
        double other = (double)smaller.Plan.Width / smaller.Plan.Height;
        return Plan.Width >= smaller.Plan.Width && Plan.Height >= smaller.Plan.Height && Math.Abs(shape - other) <= SameShape * shape;
    }

    /// <summary>A plan of another shape than the source's means the picture to be stretched; one that fits but for rounding doesn't.</summary>
    private static double WideningFor(RungPlan plan, VideoTrack source)
    {
        double shape = source.Width * (source.SampleAspectRatio.IsKnown ? source.SampleAspectRatio.Value : 1) / source.Height;
        double widening = (double)plan.Width / plan.Height / shape;
        return Math.Abs(widening - 1) <= SameShape ? 1 : widening;
    }

    private void Configure(AVFrame* picture, in FrameFormat format)
    {
        CloseScale();
        var target = new PictureTarget { Width = Plan.Width, Height = Plan.Height, PixelFormat = _options.PixelFormat, Colour = _colour, Widening = Parent is null ? _widening : 1 };
        string? filters = ScaleFilters.Describe(format, target);
        int threads = _settings.FilterThreads > 0 ? _settings.FilterThreads : format.Height >= LinesForThreads ? Math.Min(2, Environment.ProcessorCount) : 1;
        if (filters is not null) { _scale = new FilterGraph(format, picture->hw_frames_ctx, filters, threads); }
        _input = format;
        _output = new FrameFormat { Width = Plan.Width, Height = Plan.Height, PixelFormat = target.PixelFormat, SampleWidth = 1, SampleHeight = 1, Colour = _colour };
        _isReady = true;
    }

    private void CloseScale()
    {
        _scale?.Dispose();
        _scale = null;
        _isReady = false;
    }

    private VideoEncoder OpenEncoder(AVBufferRef* hardwareFrames)
    {
        _encoderFrames = hardwareFrames is null ? 0 : (nint)hardwareFrames->data;
        return new VideoEncoder(Plan, _options, _gate.FrameRate, _colour, hardwareFrames);
    }

    private void EndEncoder()
    {
        if (_encoder is null) { return; }
        _encoder.End();
        Receive();
        _encoder.Dispose();
        _encoder = null;
    }

    /// <summary>Passes on what the encoder has ready; returns the time spent in it.</summary>
    private long Receive()
    {
        long spent = 0;
        while (true)
        {
            long started = Stopwatch.GetTimestamp();
            bool isReceived = _encoder!.TryReceive(out SourcePicture picture, out EncodedFrame encoded);
            long now = Stopwatch.GetTimestamp();
            spent += now - started;
            if (!isReceived) { return spent; }
            if (_announced is null || !_announced.SameFormatAs(_encoder.Track))
            {
                _announced = _encoder.Track!;
                _target.OnFormat(Index, _announced);
            }
            _figures.Latency.Add(now - picture.DecodeTimestamp);
            _figures.FramesEncoded[Index]++;
            _target.OnFrame(Index, encoded);
        }
    }
}
