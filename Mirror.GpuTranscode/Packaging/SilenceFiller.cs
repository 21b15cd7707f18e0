using Mirror.Media.Codecs.Aac;
using Mirror.Media.Codecs.Opus;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>Makes silent frames while the picture goes on and the sound is missing: players stop where one of the two has nothing.</summary>
/// <remarks>
/// Silence follows the picture as closely as the sound did, and begins a little later than that: players have no more than some tenths of a
/// second in hand. Frames that return follow the last silent one. A frame of a codec that no silent frame can be made of is empty:
/// encoders take it for silence, and where the sound is passed through a gap stands for it. A publisher may return without a sound: then
/// silence begins the new timeline, and the sound may join it later. Not thread-safe.
/// </remarks>
/// <param name="output">Takes the silent frames; borrows them.</param>
/// <param name="changed">Is told when the first of a row was made, and when there is sound again.</param>
/// <param name="time">Dates them.</param>
/// <param name="joinsPicture">Whether the picture was there before the sound: what comes first is on its timeline then.</param>
internal sealed class SilenceFiller(Action<AccessUnit> output, Action<bool> changed, TimeProvider time, bool joinsPicture = false)
{
    private const long ClockRate = VideoPackager.Timescale;
    private const long LargestLag90k = ClockRate * 18 / 100; // of sound behind the picture: a little more than the aligner leaves
    private const long Patience90k = ClockRate * 12 / 100;   // beyond that lag, sound is missing
    private const long PatienceAtStart90k = ClockRate;       // of a timeline: beyond that, it begins without this sound
    private const long LagShrinks90k = ClockRate * 2 / 1000; // with each picture, so that a lag that was once is forgotten
    private const long LongestHole90k = 60 * ClockRate;      // that is filled at once; beyond it, times have jumped
    private static readonly byte[] SilentOpus = [0xF8, 0xFF, 0xFE];          // 20 ms of CELT without a band that has energy

    private Progress _progress = Progress.InStep;
    private bool _isInterrupted;                             // until the next sound or timeline
    private long _lag90k = LargestLag90k;
    private long? _picture90k;
    private (long Pts90k, DateTime Date) _timelineStart;
    private (long Pts90k, DateTime Date) _dated;             // a time of the timeline that silence is made on
    private long _end90k;
    private long _silenceStart90k;
    private long _silentSamples;
    private bool _beginsTimeline;
    private AudioTrack? _track;
    private byte[] _silent = [];
    private int _samples;
    private bool _isSilent;

    /// <summary>Which of the two has come to the newest timeline.</summary>
    private enum Progress
    {
        InStep,
        SoundIsAhead,
        PictureIsAhead,
        SilenceIsInStep,                                     // the sound may come later
    }

    /// <summary>A frame of sound comes: what is missing before it is filled.</summary>
    /// <returns>The frame, or where silence has begun its timeline, the same frame without <see cref="AccessUnit.StartsDiscontinuity"/>.</returns>
    public AccessUnit OnSound(AccessUnit unit)
    {
        // Not where its times are others than the picture's: then it begins the timeline by itself.
        bool isLate = unit.Pts90k - _timelineStart.Pts90k is > LargestLag90k and < LongestHole90k;
        if (unit.StartsDiscontinuity && _progress == Progress.PictureIsAhead && _track is not null && isLate) { BeginTimeline(); }
        AccessUnit taken = unit.StartsDiscontinuity && _progress == Progress.SilenceIsInStep ? unit.Continuing() : unit;
        if (unit.StartsDiscontinuity) { _progress = _progress is Progress.PictureIsAhead or Progress.SilenceIsInStep || (_track is null && joinsPicture) ? Progress.InStep : Progress.SoundIsAhead; }
        bool continues = _track is not null && !taken.StartsDiscontinuity && !_isInterrupted;
        if (continues && unit.Pts90k - _end90k < LongestHole90k) { FillTo(unit.Pts90k); }
        if (_isSilent) { changed(_isSilent = false); }
        if (_progress == Progress.InStep && _picture90k - unit.Pts90k is { } lag90k) { _lag90k = Math.Clamp(lag90k, _lag90k, LargestLag90k); }
        if (!unit.Track.SameFormatAs(_track)) { Prepare((AudioTrack)unit.Track); }
        if (_samples == 0) { _samples = unit.SampleCount; }
        (_isInterrupted, _dated) = (false, (unit.Pts90k, unit.ProgramTime));
        StartSilenceAt(unit.Pts90k + unit.SampleCount * ClockRate / _track!.SampleRate);
        return taken;
    }

    /// <summary>The picture has come this far.</summary>
    public void OnPicture(AccessUnit unit)
    {
        if (unit.StartsDiscontinuity) { OnTimeline(unit); }
        _picture90k = unit.Dts90k;
        if (_track is null || _isInterrupted) { return; }
        if (_progress == Progress.PictureIsAhead)
        {
            if (unit.Dts90k - _timelineStart.Pts90k <= PatienceAtStart90k) { return; }
            BeginTimeline();
        }
        if (!_isSilent) { _lag90k = Math.Max(0, _lag90k - LagShrinks90k); }
        long missing90k = unit.Dts90k - _end90k;
        if (missing90k >= LongestHole90k || missing90k <= _lag90k + (_isSilent ? 0 : Patience90k)) { return; }
        FillTo(unit.Dts90k - _lag90k);
        if (!_isSilent) { changed(_isSilent = true); }
    }

    /// <summary>Nothing follows for now.</summary>
    public void Interrupt() => _isInterrupted = true;

    private void OnTimeline(AccessUnit picture)
    {
        _isInterrupted = false;
        _progress = _progress == Progress.SoundIsAhead ? Progress.InStep : Progress.PictureIsAhead;
        _timelineStart = (picture.Pts90k, picture.ProgramTime);
    }

    private void BeginTimeline()
    {
        (_progress, _beginsTimeline, _dated) = (Progress.SilenceIsInStep, true, _timelineStart);
        StartSilenceAt(_timelineStart.Pts90k);
    }

    private void StartSilenceAt(long pts90k) => (_end90k, _silenceStart90k, _silentSamples) = (pts90k, pts90k, 0);

    private void Prepare(AudioTrack track)
    {
        _track = track;
        (byte[]? silent, _samples) = track.Codec switch
        {
            Codec.Aac => (SilentAacFrame.For(track.DecoderConfiguration.Span), 0),
            Codec.Opus when track.Channels <= 2 => (SilentOpus, OpusPacket.SampleRate / 50),
            _ => ([], 0),
        };
        _silent = silent ?? [];
    }

    private void FillTo(long pts90k)
    {
        // Counted in samples, so that the clock's rounding does not add up. The last is half a frame off at most, which the packager mends.
        while (_samples > 0 && _silenceStart90k + (_silentSamples + _samples / 2) * ClockRate / _track!.SampleRate <= pts90k)
        {
            long at90k = _end90k;
            var unit = new AccessUnit
            {
                Track = _track,
                Pts90k = at90k,
                Dts90k = at90k,
                Payload = MediaBuffer.CopyOf(_silent),
                SampleCount = _samples,
                FrameType = FrameType.Key,
                IsRandomAccess = true,
                StartsDiscontinuity = _beginsTimeline,
                ProgramTime = _dated.Date + TimeSpan.FromSeconds((at90k - _dated.Pts90k) / (double)ClockRate),
                ReceivedTimestamp = time.GetTimestamp(),
            };
            _beginsTimeline = false;
            _silentSamples += _samples;
            _end90k = _silenceStart90k + _silentSamples * ClockRate / _track.SampleRate;
            PackagingMetrics.SilentFrames.Add(1);
            output(unit);
            unit.Release();
        }
    }
}
