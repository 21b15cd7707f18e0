using Mirror.Media.Frames;
using Mirror.Media.Playlists;
using Mirror.Streams.Store;

namespace Mirror.Origin.Live;

/// <summary>Which sound goes with which pictures: a stream's multivariant playlist, live or recorded.</summary>
/// <remarks>
/// One group of the publisher's own sounds, and one of encoded ones; a language that lacks one of the two is in a group by the other. The
/// publisher's video goes with the publisher's sounds, and once more with encoded ones where not every player has the publisher's codec;
/// encoded video goes with encoded sounds.
/// </remarks>
internal static class Presentation
{
    private const string NoLanguage = "audio";
    private const string Describes = "public.accessibility.describes-video";

    /// <summary>Describes the renditions that there are.</summary>
    public static MultivariantPlaylist Describe(IReadOnlyList<OfferedRendition> video, IReadOnlyList<OfferedRendition> audio, bool independentSegments)
    {
        int[] numbers = [.. audio.Select(static sound => RenditionName.NumberOf(sound.Name)).Distinct().Order()];
        IReadOnlyDictionary<int, string> names = NamesOf(numbers, audio);
        // Sound alone: each rendition of the first language is a variant of its own, since there is no video for a group to belong to.
        if (video.Count == 0)
        {
            OfferedRendition[] first = [.. audio.Where(sound => RenditionName.NumberOf(sound.Name) == numbers[0])];
            SoundGroup[] groups = numbers.Length > 1 ? GroupsOf(numbers, audio) : [];
            return new MultivariantPlaylist([.. first.Select(rendition => ToVariant(rendition, Array.Find(groups, group => group.Sounds.Contains(rendition))))], List(groups, names), independentSegments);
        }
        SoundGroup[] all = GroupsOf(numbers, audio);
        CaptionServices? captions = null;
        foreach (OfferedRendition rendition in video) { captions = CaptionServices.Union(captions, (rendition.Track as VideoTrack)?.Captions); }
        return new MultivariantPlaylist([.. video.SelectMany(rendition => SoundFor(rendition, all).Select(group => ToVariant(rendition, group)))], List(all, names), independentSegments)
        {
            Captions = captions,
        };
    }

    /// <summary>The groups: own sounds, then encoded ones; one where they are the same.</summary>
    private static SoundGroup[] GroupsOf(int[] numbers, IReadOnlyList<OfferedRendition> audio)
    {
        if (numbers.Length == 0) { return []; }
        OfferedRendition[] own = Choose(isEncoded: false);
        OfferedRendition[] encoded = Choose(isEncoded: true);
        return own.SequenceEqual(encoded)
            ? [new SoundGroup(own.All(IsEncoded) ? RenditionName.EncodedAudio : RenditionName.SourceAudio, own)]
            : [new SoundGroup(RenditionName.SourceAudio, own), new SoundGroup(RenditionName.EncodedAudio, encoded)];

        OfferedRendition[] Choose(bool isEncoded)
            => [.. numbers.Select(number => audio.Where(sound => RenditionName.NumberOf(sound.Name) == number).MinBy(sound => IsEncoded(sound) != isEncoded)!)];
    }

    private static bool IsEncoded(OfferedRendition sound) => RenditionName.IsEncodedAudio(sound.Name);

    private static SoundGroup?[] SoundFor(OfferedRendition video, SoundGroup[] groups)
    {
        if (groups.Length < 2) { return [groups.FirstOrDefault()]; }
        if (video.Name != RenditionName.Source) { return [groups[1]]; }
        return groups[0].Sounds.All(static sound => sound.Track.Codec == Codec.Aac) ? [groups[0]] : groups;
    }

    private static AudioRendition[] List(SoundGroup[] groups, IReadOnlyDictionary<int, string> names)
        => [.. groups.SelectMany(group => group.Sounds.Select((sound, index) => ToRendition(group, sound, names, isDefault: index == 0)))];

    private static AudioRendition ToRendition(SoundGroup group, OfferedRendition sound, IReadOnlyDictionary<int, string> names, bool isDefault)
    {
        var track = sound.Track as AudioTrack;
        return new AudioRendition(group.Id, names[RenditionName.NumberOf(sound.Name)], UriOf(sound), track?.Channels ?? 2, isDefault)
        {
            Language = track?.Language is { } language ? LanguageName.Of(language).Tag : null,
            Characteristics = track?.Purpose == AudioPurpose.VisualImpaired ? Describes : null,
        };
    }

    /// <summary>A name for each sound, the same in all groups: players that change the group look for it (§4.4.6.1.1). Different sounds have different ones.</summary>
    private static Dictionary<int, string> NamesOf(int[] numbers, IReadOnlyList<OfferedRendition> audio)
    {
        var names = new Dictionary<int, string>();
        foreach (int number in numbers)
        {
            var track = audio.First(sound => RenditionName.NumberOf(sound.Name) == number).Track as AudioTrack;
            string name = track?.Language is { } language ? LanguageName.Of(language).Name : NoLanguage;
            name += track?.Purpose switch { AudioPurpose.VisualImpaired => " (audio description)", AudioPurpose.HearingImpaired => " (hard of hearing)", AudioPurpose.CleanEffects => " (clean effects)", _ => "" };
            names[number] = names.ContainsValue(name) ? $"{name} {number + 1}" : name;
        }
        return names;
    }

    // BANDWIDTH is that of the variant with the largest member of its group; CODECS names the formats of all.
    private static Variant ToVariant(OfferedRendition rendition, SoundGroup? group)
    {
        OfferedRendition[] others = [.. (group?.Sounds ?? []).Where(sound => sound != rendition)];
        long bandwidth = others.Select(static sound => sound.Bandwidth).DefaultIfEmpty().Max();
        long average = others.Select(static sound => sound.AverageBandwidth).DefaultIfEmpty().Max();
        bool isSound = rendition.Track is AudioTrack;            // then one of the group is played alone
        string codecs = string.Join(',', others.Select(static sound => sound.Track.CodecString).Prepend(rendition.Track.CodecString).Distinct());
        return new Variant(UriOf(rendition), isSound ? Math.Max(rendition.Bandwidth, bandwidth) : rendition.Bandwidth + bandwidth,
            isSound ? Math.Max(rendition.AverageBandwidth, average) : rendition.AverageBandwidth + average, codecs, rendition.Track as VideoTrack, group?.Id);
    }

    private static string UriOf(OfferedRendition rendition) => $"{rendition.Name}/playlist.m3u8";

    /// <summary>The languages that a variant offers.</summary>
    /// <param name="Id">GROUP-ID.</param>
    /// <param name="Sounds">One of each, by their numbers.</param>
    private sealed record SoundGroup(string Id, OfferedRendition[] Sounds);
}
