using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>A picture whose timestamps do not fit: kept until the next one tells whether they were wrong or the timeline has changed.</summary>
/// <param name="Info">What its headers tell.</param>
/// <param name="Payload">The sample; the holder has the reference.</param>
/// <param name="Pts">PTS, unwrapped.</param>
/// <param name="Dts">DTS, unwrapped; <see langword="null"/> when it has none.</param>
/// <param name="Arrival">When its first byte was due (UTC).</param>
internal sealed record HeldPicture(PictureInfo Info, MediaBuffer Payload, long Pts, long? Dts, DateTime Arrival)
{
    /// <summary>DTS, or PTS where there is none.</summary>
    public long DecodeTime => Dts ?? Pts;
}
