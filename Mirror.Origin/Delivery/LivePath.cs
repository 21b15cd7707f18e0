using Mirror.Origin.Live;

namespace Mirror.Origin.Delivery;

/// <summary>What a URL below <c>/live/</c> names.</summary>
internal enum LiveResource
{
    MultivariantPlaylist,
    MediaPlaylist,
    CurrentInit,
    Init,
    Segment,
    Part,
}

/// <summary>
/// A path below <c>/live/</c>: <c>{stream}/playlist.m3u8</c>, <c>{stream}/{rendition}/playlist.m3u8</c>, and beside the latter
/// <c>init.mp4</c>, <c>{name}.mp4</c>, <c>{msn}.m4s</c>, <c>{msn}.{part}.m4s</c>.
/// </summary>
/// <remarks>Read by hand, since this is done for every part that every viewer fetches. Each resource has exactly one path: a number has no leading zeros.</remarks>
internal readonly ref struct LivePath
{
    public const string Prefix = "/live/";
    private const string Playlist = "playlist.m3u8";
    private const string CurrentInitName = "init.mp4";
    private const string InitSuffix = ".mp4";
    private const string SegmentSuffix = ".m4s";

    public LiveResource Resource { get; private init; }

    public ReadOnlySpan<char> Stream { get; private init; }

    /// <summary>Empty for the multivariant playlist.</summary>
    public ReadOnlySpan<char> Rendition { get; private init; }

    /// <summary>The last part of the path.</summary>
    public ReadOnlySpan<char> File { get; private init; }

    public long Msn { get; private init; }

    public int PartIndex { get; private init; }

    public static bool TryParse(ReadOnlySpan<char> path, out LivePath parsed)
    {
        parsed = default;
        if (!path.StartsWith(Prefix)) { return false; }
        path = path[Prefix.Length..];
        int slash = path.IndexOf('/');
        if (slash <= 0) { return false; }
        ReadOnlySpan<char> stream = path[..slash];
        ReadOnlySpan<char> rest = path[(slash + 1)..];
        slash = rest.IndexOf('/');
        if (slash < 0)
        {
            parsed = new LivePath { Resource = LiveResource.MultivariantPlaylist, Stream = stream, File = rest };
            return rest is Playlist;
        }
        ReadOnlySpan<char> file = rest[(slash + 1)..];
        return slash > 0 && TryParseFile(stream, rest[..slash], file, out parsed);
    }

    private static bool TryParseFile(ReadOnlySpan<char> stream, ReadOnlySpan<char> rendition, ReadOnlySpan<char> file, out LivePath parsed)
    {
        LiveResource resource;
        long msn = 0;
        long part = 0;
        if (file.EndsWith(SegmentSuffix))
        {
            ReadOnlySpan<char> numbers = file[..^SegmentSuffix.Length];
            int dot = numbers.IndexOf('.');
            resource = dot < 0 ? LiveResource.Segment : LiveResource.Part;
            bool isNumbered = dot < 0 ? TryParseNumber(numbers, out msn) : TryParseNumber(numbers[..dot], out msn) && TryParseNumber(numbers[(dot + 1)..], out part);
            parsed = new LivePath { Resource = resource, Stream = stream, Rendition = rendition, File = file, Msn = msn, PartIndex = (int)part };
            return isNumbered && part <= int.MaxValue;
        }
        if (file is Playlist) { resource = LiveResource.MediaPlaylist; }
        else if (file is CurrentInitName) { resource = LiveResource.CurrentInit; }
        else { resource = LiveResource.Init; }
        parsed = new LivePath { Resource = resource, Stream = stream, Rendition = rendition, File = file };
        return resource != LiveResource.Init || (file.EndsWith(InitSuffix) && !file.Contains('/'));
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out long value)
        => DeliveryDirectives.TryParseNumber(text, out value) && (text[0] != '0' || text.Length == 1);
}
