namespace Mirror.Streams.Feed;

/// <summary>
/// The wire format of a feed between nodes: a fragmented MP4 file without end, which other programs can play, with boxes of Mirror's own
/// between the fragments that carry what MP4 has no place for.
/// </summary>
/// <remarks>
/// <code>
/// uuid: size(32) 'uuid' usertype(128) kind(8) body…                           ISO/IEC 14496-12 §11.1
///   Layout     flags(8): 1 video, 2 audio, from the third bit on the number of more audio tracks
///   Track      JSON of the track; the moov that follows says the same for other readers
///   Unit       track(32) pts(64) dts(64) program_time(64) age(32) samples(32) frame_type(8) flags(8) payload(32)
///              then moof and mdat with the one sample
///   Interrupted, Ended, Alive: nothing
/// </code>
/// All numbers are big-endian. Times are 90 kHz ticks, the programme's time is UTC in ticks of 100 ns, age is how long ago the unit's last
/// byte arrived at the sender, in microseconds: clocks of two hosts are not compared.
/// </remarks>
internal static class FeedBox
{
    public const int HeaderLength = 8;                       // size(32) type(32)
    public const int KindOffset = HeaderLength + 16;
    public const int BodyOffset = KindOffset + 1;
    public const int UnitBodyLength = 4 + 8 + 8 + 8 + 4 + 4 + 1 + 1 + 4;
    public const uint Timescale = 90_000;

    /// <summary>A little more than a period of the 33-bit clock, since unwrapped times may be negative and tfdt may not.</summary>
    public const long TimeOffset90k = 95_444L * Timescale;

    public const int LargestTrackJson = 64 * 1024;
    public const int LargestMovieBox = 256 * 1024;           // moov of a dozen tracks with large parameter sets
    public const int LargestFragmentHeader = 1024;           // moof of one sample
    public const int LargestPayload = 16 * 1024 * 1024;      // an access unit is at most 10 MiB

    public static ReadOnlySpan<byte> UserType => [0x6d, 0x69, 0x72, 0x72, 0x6f, 0x72, 0x2d, 0x66, 0x65, 0x65, 0x64, 0x2d, 0x76, 0x31, 0x00, 0x00];   // "mirror-feed-v1"
}

/// <summary>What a box of Mirror's own says.</summary>
internal enum FeedBoxKind : byte
{
    Layout = 1,
    Track = 2,
    Unit = 3,
    Interrupted = 4,
    Ended = 5,
    Alive = 6,
}

[Flags]
internal enum FeedUnitFlags : byte
{
    None = 0,
    RandomAccess = 1,
    Disposable = 2,
    Discontinuity = 4,
}
