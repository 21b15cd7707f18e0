namespace Mirror.Media.Frames;

/// <summary>One coded picture or one audio frame: what every step of the data path passes on.</summary>
/// <remarks>
/// Holds one reference of <see cref="Payload"/>; whoever keeps the unit longer than the call that delivered it calls
/// <see cref="Retain"/>, and <see cref="Release"/> when done.
/// </remarks>
public sealed class AccessUnit
{
    /// <summary>The track and the format in force.</summary>
    public required Track Track { get; init; }

    /// <summary>Presentation time in 90 kHz ticks, unwrapped: continuous until <see cref="StartsDiscontinuity"/>.</summary>
    public required long Pts90k { get; init; }

    /// <summary>Decoding time in 90 kHz ticks, unwrapped; strictly rising within a track until <see cref="StartsDiscontinuity"/>, and never above <see cref="Pts90k"/>.</summary>
    public required long Dts90k { get; init; }

    /// <summary>
    /// H.264 and H.265: length-prefixed NAL units (4 bytes each), without parameter sets, delimiters and filler. AV1: a temporal unit of OBUs
    /// with sizes, without delimiter, tile lists and padding. MPEG-2 video: the picture as it stands in the elementary stream, with its start
    /// codes and the headers before it. Audio: one frame; of MPEG audio, AC-3 and E-AC-3 with its header.
    /// </summary>
    public required MediaBuffer Payload { get; init; }

    /// <summary>Audio: samples of the track's rate that this frame decodes to (AAC 1024, Opus 960 for 20 ms, AC-3 1536). Video: 0.</summary>
    public int SampleCount { get; init; }

    /// <summary>How the picture is predicted.</summary>
    public FrameType FrameType { get; init; }

    /// <summary>Decoding can start here and everything after it in presentation order can be shown: a legal start of a CMAF segment.</summary>
    public bool IsRandomAccess { get; init; }

    /// <summary>No other picture refers to this one, so it can be dropped without harm.</summary>
    public bool IsDisposable { get; init; }

    /// <summary>
    /// The first unit of its track on a new timeline: after a publisher's return, a jump of timestamps, a lost or changed programme. All
    /// tracks of a stream start the new timeline together.
    /// </summary>
    public bool StartsDiscontinuity { get; init; }

    /// <summary>
    /// Wall-clock time (UTC) of <see cref="Pts90k"/> by the ingest clock: what EXT-X-PROGRAM-DATE-TIME says. Set once, before the unit is passed
    /// on: ingest holds the first units of a timeline until it is known.
    /// </summary>
    public DateTime ProgramTime { get; set; }

    /// <summary>When the last byte arrived, in <see cref="TimeProvider.GetTimestamp"/> ticks: the start of every latency measurement.</summary>
    public long ReceivedTimestamp { get; init; }

    /// <summary>The same unit, as if its last byte had arrived at another time. Both share one reference of the payload.</summary>
    /// <param name="timestamp">In <see cref="TimeProvider.GetTimestamp"/> ticks.</param>
    public AccessUnit Received(long timestamp) => With(StartsDiscontinuity, timestamp);

    /// <summary>The same unit on the timeline that others have begun already. Both share one reference of the payload.</summary>
    public AccessUnit Continuing() => With(startsDiscontinuity: false, ReceivedTimestamp);

    private AccessUnit With(bool startsDiscontinuity, long receivedTimestamp) => new()
    {
        Track = Track,
        Pts90k = Pts90k,
        Dts90k = Dts90k,
        Payload = Payload,
        SampleCount = SampleCount,
        FrameType = FrameType,
        IsRandomAccess = IsRandomAccess,
        IsDisposable = IsDisposable,
        StartsDiscontinuity = startsDiscontinuity,
        ProgramTime = ProgramTime,
        ReceivedTimestamp = receivedTimestamp,
    };

    /// <summary>Takes a reference of the payload.</summary>
    public AccessUnit Retain()
    {
        Payload.Retain();
        return this;
    }

    /// <summary>Gives a reference of the payload back.</summary>
    public void Release() => Payload.Release();
}
