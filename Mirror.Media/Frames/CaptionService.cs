namespace Mirror.Media.Frames;

/// <summary>One caption service in the frames of a track (ANSI/CTA-608, ANSI/CTA-708).</summary>
/// <param name="InstreamId">INSTREAM-ID of playlists: CC1 to CC4, or SERVICE1 to SERVICE63.</param>
/// <param name="Language">Language tag of RFC 5646; <see langword="null"/> if unknown.</param>
public sealed record CaptionService(string InstreamId, string? Language);
