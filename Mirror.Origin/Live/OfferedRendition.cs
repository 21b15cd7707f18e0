using Mirror.Media.Frames;

namespace Mirror.Origin.Live;

/// <summary>A rendition as a multivariant playlist offers it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Track">Its format.</param>
/// <param name="Bandwidth">Peak bit rate, in bit/s.</param>
/// <param name="AverageBandwidth">Average bit rate, in bit/s.</param>
internal sealed record OfferedRendition(string Name, Track Track, long Bandwidth, long AverageBandwidth);
