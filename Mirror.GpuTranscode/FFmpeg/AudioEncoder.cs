using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Codecs.Aac;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Encodes AAC-LC: planar float samples in, frames of 1024 samples out.</summary>
/// <remarks>
/// A frame decodes to the samples at its presentation time once the frame before it was decoded (the transform's overlap), so the first
/// frame, which the encoder puts before the first sample, is needed by no one who joins later, and is of no time that there is.
/// </remarks>
internal sealed unsafe class AudioEncoder : IDisposable
{
    private const int AudioTrackId = 2;
    private const int Remembered = 8;                        // frames inside the encoder: two, and the one being filled
    private readonly long[] _received = new long[Remembered];
    private readonly int _channels;
    private readonly long _start;
    private AVCodecContext* _context;
    private AVFrame* _frame;
    private AVPacket* _packet;
    private int _filled;
    private long _next;

    /// <param name="plan">What to encode to.</param>
    /// <param name="start">Presentation time of the first sample, in samples.</param>
    /// <exception cref="FFmpegException">The encoder isn't there, or refuses the settings.</exception>
    public AudioEncoder(AudioPlan plan, long start)
    {
        _channels = plan.Channels;
        (_start, _next) = (start, start);
        try
        {
            AVCodec* codec = ffmpeg.avcodec_find_encoder_by_name("aac");
            if (codec is null) { throw new FFmpegException("find the encoder aac", ffmpeg.AVERROR(ffmpeg.ENOSYS)); }
            _context = ffmpeg.avcodec_alloc_context3(codec);
            _frame = ffmpeg.av_frame_alloc();
            _packet = ffmpeg.av_packet_alloc();
            FFmpegException.ThrowIfNull(_context, "open the encoder aac");
            FFmpegException.ThrowIfNull(_frame, "take a frame");
            FFmpegException.ThrowIfNull(_packet, "take a packet");
            _context->bit_rate = plan.Bitrate;
            _context->sample_rate = plan.SampleRate;
            _context->sample_fmt = AVSampleFormat.AV_SAMPLE_FMT_FLTP;
            _context->time_base = new AVRational { num = 1, den = plan.SampleRate };
            _context->thread_count = 1;
            _context->flags |= ffmpeg.AV_CODEC_FLAG_GLOBAL_HEADER;
            ffmpeg.av_channel_layout_default(&_context->ch_layout, plan.Channels);
            FFmpegException.ThrowIfError(ffmpeg.avcodec_open2(_context, codec, null), $"open the encoder aac for {plan.SampleRate} Hz, {plan.Channels} channels, {plan.Bitrate} bit/s");
            if (_context->frame_size != AudioPlan.FrameSamples) { throw new FFmpegException($"encode AAC frames of {_context->frame_size} samples", ffmpeg.AVERROR_INVALIDDATA); }
            Track = TrackOf(plan, new ReadOnlySpan<byte>(_context->extradata, _context->extradata_size));
            TakeFrame(plan);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The format of what it writes.</summary>
    public AudioTrack Track { get; private set; } = null!;

    /// <summary>Presentation time of the next sample that goes in.</summary>
    public long Position => _next + _filled;

    /// <summary>Adds samples, up to the end of a frame. After each call, <see cref="TryReceive"/> until there is no more.</summary>
    /// <param name="planes">One pointer a channel.</param>
    /// <param name="start">The first sample of each.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="receivedTimestamp">Of the source frame that they come from.</param>
    /// <returns>How many were taken.</returns>
    public int Add(byte** planes, int start, int count, long receivedTimestamp)
    {
        if (_filled == 0) { FFmpegException.ThrowIfError(ffmpeg.av_frame_make_writable(_frame), "take a frame"); }
        int taken = Math.Min(count, AudioPlan.FrameSamples - _filled);
        for (uint channel = 0; channel < _channels; channel++)
        {
            new ReadOnlySpan<float>((float*)planes[channel] + start, taken).CopyTo(new Span<float>((float*)_frame->data[channel] + _filled, taken));
        }
        _filled += taken;
        if (_filled == AudioPlan.FrameSamples) { Encode(receivedTimestamp); }
        return taken;
    }

    /// <summary>No more samples: silence fills the last frame, the encoder gives out what it holds, and cannot be used again.</summary>
    public void End(long receivedTimestamp)
    {
        if (_filled > 0)
        {
            for (uint channel = 0; channel < _channels; channel++) { new Span<float>((float*)_frame->data[channel] + _filled, AudioPlan.FrameSamples - _filled).Clear(); }
            Encode(receivedTimestamp);
        }
        ffmpeg.avcodec_send_frame(_context, null);
    }

    /// <summary>Takes the next frame that is ready.</summary>
    /// <param name="timeline">The timeline in force.</param>
    /// <param name="encoded">It; its payload is valid until the next call.</param>
    public bool TryReceive(int timeline, out EncodedAudio encoded)
    {
        encoded = default;
        ffmpeg.av_packet_unref(_packet);
        int result = ffmpeg.avcodec_receive_packet(_context, _packet);
        if (result == ffmpeg.AVERROR(ffmpeg.EAGAIN) || result == ffmpeg.AVERROR_EOF) { return false; }
        FFmpegException.ThrowIfError(result, "encode the sound");
        encoded = new EncodedAudio
        {
            Timeline = timeline,
            Pts = _packet->pts,
            ReceivedTimestamp = _packet->pts < _start ? 0 : _received[PlaceOf(_packet->pts)],
            Payload = new ReadOnlySpan<byte>(_packet->data, _packet->size),
        };
        return true;
    }

    public void Dispose()
    {
        fixed (AVPacket** packet = &_packet) { ffmpeg.av_packet_free(packet); }
        fixed (AVFrame** frame = &_frame) { ffmpeg.av_frame_free(frame); }
        fixed (AVCodecContext** context = &_context) { ffmpeg.avcodec_free_context(context); }
    }

    private void Encode(long receivedTimestamp)
    {
        _frame->pts = _next;
        _received[PlaceOf(_next)] = receivedTimestamp;
        _next += AudioPlan.FrameSamples;
        _filled = 0;
        FFmpegException.ThrowIfError(ffmpeg.avcodec_send_frame(_context, _frame), "encode the sound");
    }

    private int PlaceOf(long pts) => (int)((pts - _start) / AudioPlan.FrameSamples % Remembered);

    private void TakeFrame(AudioPlan plan)
    {
        _frame->nb_samples = AudioPlan.FrameSamples;
        _frame->format = (int)AVSampleFormat.AV_SAMPLE_FMT_FLTP;
        _frame->sample_rate = plan.SampleRate;
        ffmpeg.av_channel_layout_default(&_frame->ch_layout, plan.Channels);
        FFmpegException.ThrowIfError(ffmpeg.av_frame_get_buffer(_frame, 0), "take a frame");
    }

    private static AudioTrack TrackOf(AudioPlan plan, ReadOnlySpan<byte> header)
    {
        if (!AudioSpecificConfig.TryParse(header, out AudioSpecificConfig? config)) { throw new FFmpegException("read the encoder's configuration", ffmpeg.AVERROR_INVALIDDATA); }
        return new AudioTrack
        {
            Id = AudioTrackId,
            Codec = Codec.Aac,
            DecoderConfiguration = config!.Bytes,
            CodecString = config.CodecString,
            SampleRate = plan.SampleRate,
            Channels = plan.Channels,
        };
    }
}
