using FFmpeg.AutoGen;
using Mirror.GpuTranscode.Ladder;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>Decodes an audio track and encodes it as AAC, on the source's clock. Works on the caller's thread.</summary>
/// <remarks>
/// A frame's way: 1. it is decoded; 2. its presentation time, in samples of the output, is compared with where it would come out: silence
/// goes before it where there is a hole, what overlaps is cut off, and a small lasting error is stretched away; 3. it is resampled and mixed;
/// 4. every 1024 samples are encoded. The output's frames keep one grid for as long as the timeline lasts, whatever the source's format is,
/// and whichever transcoder makes them. Not thread-safe, but for <see cref="Figures"/>.
/// </remarks>
internal sealed unsafe class AudioTranscoder : IDisposable
{
    private const int MostFramesAtOnce = 16;                 // out of a decoder for one unit
    private const int LargestFrame = 65_536;                 // samples; the longest that is coded has 5760
    private const int HighestSampleRate = 384_000;
    private const int Capacity = 16_384;                     // samples taken from the resampler at a time
    private const double LongestSilence = 2;                 // seconds: a longer hole is left one, as the packager leaves it
    private const double LargestError = 0.012;               // seconds: beyond it something is missing or double; timestamps jitter by less
    private const double SmallestError = 0.001;              // seconds that are worth stretching for
    private const int ErrorsAveraged = 32;                   // frames
    private const int LeastStretchShare = 500;               // one sample in so many: a change of pitch that nobody hears
    private readonly AudioPlan _plan;
    private readonly IAudioOutput _output;
    private AudioDecoder _decoder;
    private AudioResampler? _resampler;
    private AudioEncoder? _encoder;
    private AVFrame* _frame;
    private byte** _planes;
    private AudioResumePoint _delivered;
    private int _timeline;
    private long _deliverFrom;
    private double _meanError;
    private bool _isExact;                                   // the next frame is put exactly at its time
    private long _stretchedUntil;
    private long _receivedTimestamp;
    private bool _isAnnounced;

    /// <param name="source">The track to decode.</param>
    /// <param name="plan">What to encode to.</param>
    /// <param name="resumeAfter">The last frame that another transcoder delivered.</param>
    /// <param name="output">Takes what is encoded.</param>
    /// <exception cref="FFmpegException">A decoder or encoder cannot be opened.</exception>
    public AudioTranscoder(AudioTrack source, AudioPlan plan, AudioResumePoint resumeAfter, IAudioOutput output)
    {
        (_plan, _output, _delivered) = (plan, output, resumeAfter);
        _decoder = new AudioDecoder(source);
        _frame = ffmpeg.av_frame_alloc();
        _planes = (byte**)ffmpeg.av_mallocz((ulong)(plan.Channels * sizeof(byte*)));
        for (int i = 0; _planes is not null && i < plan.Channels; i++) { _planes[i] = (byte*)ffmpeg.av_mallocz(Capacity * sizeof(float)); }
        FFmpegException.ThrowIfNull(_frame, "take a frame");
        FFmpegException.ThrowIfNull(_planes, "take samples");
    }

    /// <summary>What it has done.</summary>
    public AudioFigures Figures { get; } = new();

    /// <summary>Samples per second that come out.</summary>
    public int SampleRate => _plan.SampleRate;

    /// <summary>The source's format changes, its timeline goes on.</summary>
    /// <exception cref="FFmpegException">No decoder takes it.</exception>
    public void ChangeSource(AudioTrack source)
    {
        AudioDecoder previous = _decoder;
        _decoder = new AudioDecoder(source);
        previous.Dispose();
    }

    /// <summary>Decodes one frame and encodes what comes out. Damaged media costs frames, for which silence stands, and is counted.</summary>
    /// <exception cref="FFmpegException">The resampler or the encoder failed.</exception>
    public void Decode(in SourceAudio unit)
    {
        if (_encoder is not null && unit.Timeline != _timeline) { Drain(); }
        _timeline = unit.Timeline;
        _receivedTimestamp = unit.ReceivedTimestamp;
        Figures.Units++;
        if (!_decoder.TrySend(unit.Payload, unit.Pts90k)) { Figures.Errors++; }
        for (int i = 0; i < MostFramesAtOnce && _decoder.TryReceive(_frame, out bool isError); i++)
        {
            if (isError || !IsSound(_frame)) { Figures.Errors++; }
            else { Take(); }
        }
    }

    /// <summary>There is no sound up to <see cref="SourceAudio.Pts90k"/>: silence comes out. Before the first frame nothing does.</summary>
    /// <exception cref="FFmpegException">The resampler or the encoder failed.</exception>
    public void Fill(in SourceAudio unit)
    {
        if (_encoder is null || _resampler is null || unit.Timeline != _timeline) { return; }
        _receivedTimestamp = unit.ReceivedTimestamp;
        long missing = Math.Min(ToSamples(unit.Pts90k) - _encoder.Position - _resampler.Delay, (long)(LongestSilence * _plan.SampleRate));
        if (missing <= 0) { return; }
        Figures.SamplesFilled += missing;
        _resampler.InjectSilence(_resampler.ToInput(missing));
        int count;
        do
        {
            count = _resampler.Take(_planes, Capacity);
            Encode(count);
        }
        while (count == Capacity);
    }

    /// <summary>No frames follow soon: all that is held back comes out, the last frame filled up with silence.</summary>
    public void Drain()
    {
        EndResampler();
        if (_encoder is not null)
        {
            _encoder.End(_receivedTimestamp);
            Deliver();
            _encoder.Dispose();
            _encoder = null;
        }
        _decoder.Restart();
    }

    public void Dispose()
    {
        _encoder?.Dispose();
        _resampler?.Dispose();
        _decoder.Dispose();
        for (int i = 0; _planes is not null && i < _plan.Channels; i++) { ffmpeg.av_free(_planes[i]); }
        ffmpeg.av_free(_planes);
        _planes = null;
        fixed (AVFrame** frame = &_frame) { ffmpeg.av_frame_free(frame); }
    }

    private static bool IsSound(AVFrame* frame)
        => frame->nb_samples is > 0 and <= LargestFrame && frame->sample_rate is > 0 and <= HighestSampleRate && frame->ch_layout.nb_channels > 0 && frame->decode_error_flags == 0;

    /// <summary>1: samples come out of the decoder.</summary>
    private void Take()
    {
        if (_resampler is not null && !_resampler.Takes(_frame)) { EndResampler(); }
        if (_resampler is null)
        {
            _resampler = new AudioResampler(_frame, _plan);
            _isExact = true;
        }
        // A decoder that makes several frames of one packet tells the time of the first.
        long time = _frame->pts != ffmpeg.AV_NOPTS_VALUE ? ToSamples(_frame->pts) : _encoder is null ? long.MinValue : _encoder.Position + _resampler.Delay;
        if (time == long.MinValue || !IsStarted(time) || !TryFit(time, out int skip)) { return; }
        int count = _resampler.Convert(_frame, skip, _planes, Capacity);
        Encode(count);
        while (count == Capacity)
        {
            count = _resampler.Take(_planes, Capacity);
            Encode(count);
        }
    }

    /// <summary>Starts the timeline, or goes on with it after a hole, on the grid of the frames that were delivered.</summary>
    private bool IsStarted(long time)
    {
        if (_encoder is not null && time - _encoder.Position - _resampler!.Delay > LongestSilence * _plan.SampleRate)
        {
            Drain();
            _resampler = new AudioResampler(_frame, _plan);
        }
        if (_encoder is not null) { return true; }
        bool continues = _delivered.Timeline == _timeline;
        if (continues && time + _frame->nb_samples * (long)_plan.SampleRate / _frame->sample_rate <= _delivered.Pts) { return false; }   // delivered, and no use as a run-up
        // The frame delivered last is encoded again, for the overlap of the first new one.
        long start = continues ? _delivered.Pts + Math.Max(0, time - _delivered.Pts) / AudioPlan.FrameSamples * AudioPlan.FrameSamples : time;
        _encoder = new AudioEncoder(_plan, start);
        _deliverFrom = continues ? Math.Max(start, _delivered.Pts + AudioPlan.FrameSamples) : start;
        (_isExact, _meanError, _stretchedUntil) = (true, 0, long.MinValue);
        if (!_isAnnounced) { _output.OnAudioFormat(_encoder.Track); }
        _isAnnounced = true;
        return true;
    }

    /// <summary>2: fits the samples to their time.</summary>
    /// <param name="time">Presentation time of the first, in samples.</param>
    /// <param name="skip">Samples at the start that are left out.</param>
    /// <returns>Whether any remain.</returns>
    private bool TryFit(long time, out int skip)
    {
        skip = 0;
        long error = time - _encoder!.Position - _resampler!.Delay;
        if (!_isExact && Math.Abs(error) <= LargestError * _plan.SampleRate)
        {
            FollowDrift(error);
            return true;
        }
        if (error < 0)
        {
            long overlap = _resampler.ToInput(-error);
            Figures.SamplesTrimmed += Math.Min(overlap, _frame->nb_samples);
            if (overlap >= _frame->nb_samples) { return false; }
            skip = (int)overlap;
        }
        else if (error > 0)
        {
            Figures.SamplesFilled += error;
            _resampler.InjectSilence(_resampler.ToInput(error));
        }
        (_isExact, _meanError) = (false, 0);
        return true;
    }

    private void FollowDrift(long error)
    {
        _meanError += (error - _meanError) / ErrorsAveraged;
        if (_encoder!.Position < _stretchedUntil || Math.Abs(_meanError) < SmallestError * _plan.SampleRate) { return; }
        int stretch = (int)Math.Round(_meanError);
        int distance = Math.Max(_plan.SampleRate, Math.Abs(stretch) * LeastStretchShare);
        _resampler!.Stretch(stretch, distance);
        (_stretchedUntil, _meanError) = (_encoder.Position + distance, 0);
    }

    private void EndResampler()
    {
        if (_resampler is null) { return; }
        if (_encoder is not null)
        {
            int count;
            do
            {
                count = _resampler.End(_planes, Capacity);
                Encode(count);
            }
            while (count == Capacity);
        }
        _resampler.Dispose();
        _resampler = null;
    }

    /// <summary>4: what the resampler gave.</summary>
    private void Encode(int count)
    {
        for (int start = 0; start < count;)
        {
            start += _encoder!.Add(_planes, start, count - start, _receivedTimestamp);
            Deliver();
        }
    }

    private void Deliver()
    {
        while (_encoder!.TryReceive(_timeline, out EncodedAudio frame))
        {
            if (frame.Pts < _deliverFrom) { continue; }      // before the first sample, or delivered by another
            _delivered = new AudioResumePoint(_timeline, frame.Pts);
            Figures.FramesEncoded++;
            _output.OnAudioFrame(frame);
        }
    }

    private long ToSamples(long pts90k)
    {
        Int128 scaled = (Int128)pts90k * _plan.SampleRate;
        return (long)((scaled + (scaled < 0 ? -45_000 : 45_000)) / 90_000);
    }
}
