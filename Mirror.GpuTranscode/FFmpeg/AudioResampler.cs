using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Brings samples of one format to the rate and the channels of the encoded sound.</summary>
/// <remarks>Resamples even where the rates are equal, so that it can stretch: the clocks of sound and timestamps may drift apart.</remarks>
internal sealed unsafe class AudioResampler : IDisposable
{
    private const int MostChannels = 64;
    private readonly int _outputRate;
    private readonly int _inputRate;
    private readonly AVSampleFormat _format;
    private readonly int _sampleBytes;
    private readonly bool _isPlanar;
    private readonly int _channels;
    private AVChannelLayout* _layout;
    private SwrContext* _context;

    /// <param name="frame">Samples of the format that goes in.</param>
    /// <param name="plan">What comes out, as planar floats.</param>
    /// <exception cref="FFmpegException">There is no way from the one to the other.</exception>
    public AudioResampler(AVFrame* frame, AudioPlan plan)
    {
        (_inputRate, _outputRate) = (frame->sample_rate, plan.SampleRate);
        _format = (AVSampleFormat)frame->format;
        _sampleBytes = ffmpeg.av_get_bytes_per_sample(_format);
        _isPlanar = ffmpeg.av_sample_fmt_is_planar(_format) != 0;
        _channels = frame->ch_layout.nb_channels;
        if (_channels is < 1 or > MostChannels) { throw new FFmpegException($"mix {_channels} channels", ffmpeg.AVERROR_INVALIDDATA); }
        AVChannelLayout output = default;
        try
        {
            _layout = (AVChannelLayout*)ffmpeg.av_mallocz((ulong)sizeof(AVChannelLayout));
            FFmpegException.ThrowIfNull(_layout, "mix the sound");
            FFmpegException.ThrowIfError(ffmpeg.av_channel_layout_copy(_layout, &frame->ch_layout), "mix the sound");
            AVChannelLayout input = *_layout;                // where channels have no places, the usual ones are taken
            if (input.order == AVChannelOrder.AV_CHANNEL_ORDER_UNSPEC) { ffmpeg.av_channel_layout_default(&input, _channels); }
            ffmpeg.av_channel_layout_default(&output, plan.Channels);
            fixed (SwrContext** context = &_context)
            {
                int result = ffmpeg.swr_alloc_set_opts2(context, &output, AVSampleFormat.AV_SAMPLE_FMT_FLTP, _outputRate, &input, _format, _inputRate, 0, null);
                FFmpegException.ThrowIfError(result, "mix the sound");
            }
            SetOption("flags", "res");
            SetOption("rematrix_maxval", "1");               // louder than full scale, six channels in two would be cut off
            FFmpegException.ThrowIfError(ffmpeg.swr_init(_context), $"resample {_inputRate} Hz, {_channels} channels");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Samples of the output that are inside: when the next one that goes in will come out.</summary>
    public long Delay => ffmpeg.swr_get_delay(_context, _outputRate);

    /// <summary>Whether these samples are of the format that it takes.</summary>
    public bool Takes(AVFrame* frame)
        => frame->sample_rate == _inputRate && frame->format == (int)_format && ffmpeg.av_channel_layout_compare(&frame->ch_layout, _layout) == 0;

    /// <summary>Samples of the input that last as long as <paramref name="output"/> samples of the output.</summary>
    public long ToInput(long output) => (output * _inputRate + _outputRate / 2) / _outputRate;

    /// <summary>Silence goes in; nothing comes out yet.</summary>
    /// <param name="samples">How much, in samples of the input.</param>
    public void InjectSilence(long samples) => FFmpegException.ThrowIfError(ffmpeg.swr_inject_silence(_context, checked((int)samples)), "fill with silence");

    /// <summary>What goes in next comes out longer, or shorter where negative, by so many samples of the output.</summary>
    /// <param name="samples">How many.</param>
    /// <param name="distance">Samples of the output over which that is spread.</param>
    public void Stretch(int samples, int distance) => FFmpegException.ThrowIfError(ffmpeg.swr_set_compensation(_context, samples, distance), "stretch the sound");

    /// <summary>Hands samples over.</summary>
    /// <param name="frame">Of the format that it takes.</param>
    /// <param name="skip">Samples at its start that are left out; less than it has.</param>
    /// <param name="planes">Take what comes out.</param>
    /// <param name="capacity">Room in each, in samples.</param>
    /// <returns>Samples that came out. Where the room is full, <see cref="Take"/> gives more.</returns>
    public int Convert(AVFrame* frame, int skip, byte** planes, int capacity)
    {
        int count = _isPlanar ? _channels : 1;
        byte** input = stackalloc byte*[count];
        for (int i = 0; i < count; i++) { input[i] = frame->extended_data[i] + (long)skip * _sampleBytes * (_isPlanar ? 1 : _channels); }
        return FFmpegException.ThrowIfError(ffmpeg.swr_convert(_context, planes, capacity, input, frame->nb_samples - skip), "resample the sound");
    }

    /// <summary>Takes more of what is ready.</summary>
    public int Take(byte** planes, int capacity)
    {
        byte** nothing = stackalloc byte*[MostChannels];
        for (int i = 0; i < MostChannels; i++) { nothing[i] = (byte*)nothing; }      // no pointer at all would mean the end
        return FFmpegException.ThrowIfError(ffmpeg.swr_convert(_context, planes, capacity, nothing, 0), "resample the sound");
    }

    /// <summary>Takes what is held back: nothing follows.</summary>
    public int End(byte** planes, int capacity) => FFmpegException.ThrowIfError(ffmpeg.swr_convert(_context, planes, capacity, null, 0), "resample the sound");

    public void Dispose()
    {
        fixed (SwrContext** context = &_context) { ffmpeg.swr_free(context); }
        if (_layout is not null) { ffmpeg.av_channel_layout_uninit(_layout); }
        ffmpeg.av_free(_layout);
        _layout = null;
    }

    private void SetOption(string name, string value) => FFmpegException.ThrowIfError(ffmpeg.av_opt_set(_context, name, value, 0), $"set {name} of the resampler");
}
