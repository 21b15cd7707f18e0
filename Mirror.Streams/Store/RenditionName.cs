namespace Mirror.Streams.Store;

/// <summary>Names of the renditions that are no rungs of the ladder: the publisher's own, and encoded sound.</summary>
public static class RenditionName
{
    /// <summary>The publisher's own video.</summary>
    public const string Source = "source";

    /// <summary>The publisher's own first sound.</summary>
    public const string SourceAudio = "audio";

    /// <summary>That sound, encoded.</summary>
    public const string EncodedAudio = SourceAudio + EncodedEnd;

    private const string EncodedEnd = "-aac";

    /// <summary>The publisher's own sound of a number, from 0 on: <c>audio</c>, <c>audio-2</c>, <c>audio-3</c>.</summary>
    public static string AudioOf(int number) => number == 0 ? SourceAudio : $"{SourceAudio}-{number + 1}";

    /// <summary>The sound of a number, encoded: <c>audio-aac</c>, <c>audio-2-aac</c>.</summary>
    public static string EncodedAudioOf(int number) => AudioOf(number) + EncodedEnd;

    /// <summary>Whether a rendition of sound is encoded.</summary>
    public static bool IsEncodedAudio(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(EncodedEnd, StringComparison.Ordinal);
    }

    /// <summary>The number of the sound that a rendition is of.</summary>
    public static int NumberOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string bare = IsEncodedAudio(name) ? name[..^EncodedEnd.Length] : name;
        return bare.Length > SourceAudio.Length + 1 && int.TryParse(bare.AsSpan(SourceAudio.Length + 1), out int number) && number > 1 ? number - 1 : 0;
    }

    /// <summary>Whether no rung of a ladder may have this name.</summary>
    public static bool IsReserved(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name is Source or SourceAudio || name.StartsWith(SourceAudio + "-", StringComparison.Ordinal);
    }
}
