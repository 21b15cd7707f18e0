using Mirror.Media.Codecs;
using Mirror.Media.Frames;

namespace Mirror.IngestNode.Demux;

/// <summary>A picture whose timestamps do not fit: kept until the next one tells whether they were wrong or the timeline has changed.</summary>
/// <param name="Info">What its headers tell.</param>
/// <param name="Payload">The sample; the holder has the reference.</param>
/// <param name="Stamp">Its timestamps.</param>
/// <param name="Arrival">When its first byte arrived (UTC).</param>
internal sealed record HeldPicture(PictureInfo Info, MediaBuffer Payload, PictureStamp Stamp, DateTime Arrival);
