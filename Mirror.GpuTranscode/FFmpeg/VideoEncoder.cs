using System.Runtime.InteropServices;
using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Codecs.Captions;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Encodes one rung: frames in, by presentation time; access units out.</summary>
/// <remarks>
/// The encoder counts time in frames of the nominal rate, so that its rate control and the timing in its parameter sets hold; the exact
/// times of the source pictures are kept here beside it.
/// </remarks>
internal sealed unsafe class VideoEncoder : IDisposable
{
    private const int MostPending = 64;                      // far beyond any encoder's delay here
    private const int InfiniteInterval = 1 << 30;            // X264_KEYINT_MAX_INFINITE
    private static readonly Rational UnknownFrameRate = new(30, 1);
    private readonly RungPlan _plan;
    private readonly EncoderOptions _options;
    private readonly Rational _givenFrameRate;
    private readonly Rational _frameRate;
    private readonly Codec _codec;
    private readonly string _action;
    private readonly (long Index, SourcePicture Picture, byte[]? Captions)[] _pending = new (long, SourcePicture, byte[]?)[MostPending];
    private readonly Queue<long> _decodingTimes = new();     // B-frames: presentation times in rising order, which are decoding times later
    private AVCodecContext* _context;
    private AVFrame* _input;
    private AVPacket* _packet;
    private byte[] _sample = new byte[64 * 1024];
    private int _pendingCount;
    private long _lastIndex = -1;
    private long _baseIndex;
    private long _basePts90k;
    private int _timeline;
    private bool _hasTimeline;

    /// <param name="plan">The rung.</param>
    /// <param name="options">The encoder and its options.</param>
    /// <param name="frameRate">Frames per second that come at most, where known.</param>
    /// <param name="colour">Their colour.</param>
    /// <param name="hardwareFrames">Their pool of surfaces, where they lie on a GPU.</param>
    /// <exception cref="FFmpegException">The encoder isn't there, or refuses the options.</exception>
    public VideoEncoder(RungPlan plan, EncoderOptions options, Rational frameRate, FrameColour colour, AVBufferRef* hardwareFrames)
    {
        _plan = plan;
        _options = options;
        _givenFrameRate = frameRate;
        _frameRate = frameRate.IsKnown ? frameRate : UnknownFrameRate;
        _action = $"encode {plan.Name}";
        _codec = EncodedTrack.CodecOf(plan.Codec);
        try
        {
            AVCodec* codec = ffmpeg.avcodec_find_encoder_by_name(options.Encoder);
            if (codec is null) { throw new FFmpegException($"find the encoder {options.Encoder}", ffmpeg.AVERROR(ffmpeg.ENOSYS)); }
            _context = ffmpeg.avcodec_alloc_context3(codec);
            _input = ffmpeg.av_frame_alloc();
            _packet = ffmpeg.av_packet_alloc();
            FFmpegException.ThrowIfNull(_context, $"open the encoder {options.Encoder}");
            FFmpegException.ThrowIfNull(_input, "take a frame");
            FFmpegException.ThrowIfNull(_packet, "take a packet");
            Configure(colour, hardwareFrames);
            Open(codec);
            if (_context->extradata_size > 0) { Track = EncodedTrack.Of(plan, new ReadOnlySpan<byte>(_context->extradata, _context->extradata_size), frameRate); }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The format of what it writes; known when it has written something.</summary>
    public VideoTrack? Track { get; private set; }

    /// <summary>Layout of the frames that it takes.</summary>
    public AVPixelFormat PixelFormat => _context->pix_fmt;

    /// <summary>Frames that went in and have not come out.</summary>
    public int Pending => _pendingCount;

    /// <summary>Gives the encoder a frame; then <see cref="TryReceive"/> until there is no more.</summary>
    /// <param name="frame">Of the rung's size and layout. The caller keeps it.</param>
    /// <param name="picture">The source picture that it was made of; presentation times rise within a timeline.</param>
    public void Send(AVFrame* frame, in SourcePicture picture)
    {
        bool isNewTimeline = !_hasTimeline || picture.Timeline != _timeline;
        FFmpegException.ThrowIfError(ffmpeg.av_frame_ref(_input, frame), "take a frame");
        _input->pts = IndexOf(picture, isNewTimeline);
        _input->pict_type = picture.StartsSegment || isNewTimeline ? AVPictureType.AV_PICTURE_TYPE_I : AVPictureType.AV_PICTURE_TYPE_NONE;
        long index = _input->pts;
        byte[]? captions = TakeCaptions();
        int result = ffmpeg.avcodec_send_frame(_context, _input);
        ffmpeg.av_frame_unref(_input);
        FFmpegException.ThrowIfError(result, _action);
        if (_pendingCount == MostPending) { RemovePending(0); }
        _pending[_pendingCount++] = (index, picture, captions);
        NoteDecodingTime(picture, isNewTimeline);
    }

    /// <summary>No more frames: the encoder gives out what it holds, and cannot be used again.</summary>
    public void End() => ffmpeg.avcodec_send_frame(_context, null);

    /// <summary>Takes the next access unit that is ready.</summary>
    /// <param name="picture">The source picture.</param>
    /// <param name="encoded">It; its payload is valid until the next call.</param>
    public bool TryReceive(out SourcePicture picture, out EncodedFrame encoded)
    {
        picture = default;
        encoded = default;
        while (true)
        {
            int result = ffmpeg.avcodec_receive_packet(_context, _packet);
            if (result == ffmpeg.AVERROR(ffmpeg.EAGAIN) || result == ffmpeg.AVERROR_EOF) { return false; }
            FFmpegException.ThrowIfError(result, _action);
            var bytes = new ReadOnlySpan<byte>(_packet->data, _packet->size);
            bool isKnown = TryTakePending(_packet->pts, out picture, out byte[]? captions);
            int length = _codec == Codec.Av1 ? Av1Units.WriteSample(bytes, ref _sample) : NalUnits.WriteSample(_codec, bytes, captions, ref _sample);
            Track ??= EncodedTrack.Of(_plan, bytes, _givenFrameRate);       // some encoders tell in the first access unit only
            bool isKey = (_packet->flags & ffmpeg.AV_PKT_FLAG_KEY) != 0;
            ffmpeg.av_packet_unref(_packet);
            if (!isKnown || length == 0) { continue; }
            encoded = new EncodedFrame
            {
                Timeline = picture.Timeline,
                Pts90k = picture.Pts90k,
                Dts90k = DecodingTimeOf(picture),
                IsKey = isKey,
                ReceivedTimestamp = picture.ReceivedTimestamp,
                Payload = _sample.AsSpan(0, length),
            };
            return true;
        }
    }

    public void Dispose()
    {
        fixed (AVPacket** packet = &_packet) { ffmpeg.av_packet_free(packet); }
        fixed (AVFrame** input = &_input) { ffmpeg.av_frame_free(input); }
        fixed (AVCodecContext** context = &_context) { ffmpeg.avcodec_free_context(context); }
    }

    private void Configure(FrameColour colour, AVBufferRef* hardwareFrames)
    {
        _context->width = _plan.Width;
        _context->height = _plan.Height;
        _context->pix_fmt = hardwareFrames is null && _options.PixelFormat == AVPixelFormat.AV_PIX_FMT_CUDA ? AVPixelFormat.AV_PIX_FMT_YUV420P : _options.PixelFormat;
        _context->hw_frames_ctx = hardwareFrames is null ? null : ffmpeg.av_buffer_ref(hardwareFrames);
        _context->sample_aspect_ratio = new AVRational { num = 1, den = 1 };
        _context->time_base = new AVRational { num = (int)_frameRate.Denominator, den = (int)_frameRate.Numerator };
        _context->framerate = new AVRational { num = (int)_frameRate.Numerator, den = (int)_frameRate.Denominator };
        _context->bit_rate = _plan.Bitrate;
        _context->rc_max_rate = _plan.PeakBitrate;
        _context->rc_buffer_size = (int)Math.Min(int.MaxValue, _plan.BufferSize);
        _context->gop_size = _plan.KeyFrameInterval > TimeSpan.Zero ? Math.Max(1, (int)Math.Round(_plan.KeyFrameInterval.TotalSeconds * _frameRate.Value)) : InfiniteInterval;
        _context->max_b_frames = _plan.BFrames;
        _context->refs = _plan.References;
        _context->thread_count = _options.Threads;
        _context->flags |= ffmpeg.AV_CODEC_FLAG_GLOBAL_HEADER;
        _context->color_primaries = colour.Primaries;
        _context->color_trc = colour.Transfer;
        _context->colorspace = colour.Matrix;
        _context->color_range = AVColorRange.AVCOL_RANGE_MPEG;
    }

    private void Open(AVCodec* codec)
    {
        AVDictionary* options = null;
        try
        {
            foreach ((string name, string value) in _options.Options) { ffmpeg.av_dict_set(&options, name, value, 0); }
            FFmpegException.ThrowIfError(ffmpeg.avcodec_open2(_context, codec, &options), $"open the encoder {_options.Encoder} for {_plan.Name}");
            AVDictionaryEntry* unused = ffmpeg.av_dict_get(options, "", null, ffmpeg.AV_DICT_IGNORE_SUFFIX);
            if (unused is not null) { throw new FFmpegException($"set {Marshal.PtrToStringUTF8((nint)unused->key)} of {_options.Encoder} for {_plan.Name}", ffmpeg.AVERROR_OPTION_NOT_FOUND); }
        }
        finally
        {
            ffmpeg.av_dict_free(&options);
        }
    }

    /// <summary>The picture's time in frames, later than any before.</summary>
    private long IndexOf(in SourcePicture picture, bool isNewTimeline)
    {
        if (isNewTimeline)
        {
            _baseIndex = _lastIndex + 1;
            _basePts90k = picture.Pts90k;
            _timeline = picture.Timeline;
            _hasTimeline = true;
        }
        double frames = (picture.Pts90k - _basePts90k) * _frameRate.Value / 90_000;
        _lastIndex = Math.Max(_lastIndex + 1, _baseIndex + (long)Math.Round(frames));
        return _lastIndex;
    }

    /// <summary>
    /// With B-frames, the n-th access unit is decoded when the picture is shown that came in as many places before it as the encoder reorders:
    /// rising, and never after its own presentation.
    /// </summary>
    private long DecodingTimeOf(in SourcePicture picture)
        => _decodingTimes.TryDequeue(out long time) ? Math.Min(time, picture.Pts90k) : picture.Pts90k;

    private void NoteDecodingTime(in SourcePicture picture, bool isNewTimeline)
    {
        int places = Math.Max(_context->has_b_frames, _options.Reordering);
        if (places <= 0) { return; }
        for (int i = places; isNewTimeline && i > 0; i--) { _decodingTimes.Enqueue(picture.Pts90k - (long)Math.Round(i * 90_000 / _frameRate.Value)); }
        _decodingTimes.Enqueue(picture.Pts90k);
    }

    /// <summary>Takes the captions of the input as a NAL unit, if the encoder cannot write them.</summary>
    private byte[]? TakeCaptions()
    {
        ReadOnlySpan<byte> captions = _options.LacksCaptions ? CaptionQueue.CaptionsOf(_input) : default;
        if (captions.IsEmpty) { return null; }
        Span<byte> unit = stackalloc byte[CaptionSei.LargestUnit];
        unit = unit[..CaptionSei.Write(captions, unit)];

        // A later FFmpeg may write them itself.
        CaptionQueue.Remove(_input);
        return unit.ToArray();
    }

    private bool TryTakePending(long index, out SourcePicture picture, out byte[]? captions)
    {
        for (int i = 0; i < _pendingCount; i++)
        {
            if (_pending[i].Index != index) { continue; }
            (_, picture, captions) = _pending[i];
            RemovePending(i);
            return true;
        }
        picture = default;
        captions = null;
        return false;
    }

    private void RemovePending(int place) => _pending.AsSpan(place + 1, --_pendingCount - place).CopyTo(_pending.AsSpan(place));
}
