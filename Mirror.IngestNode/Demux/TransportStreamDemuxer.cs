using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Codecs.Mpeg2;
using Mirror.Media.Codecs.Opus;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Demux;

/// <summary>Turns the bytes of one publisher's MPEG transport stream into access units (ITU-T H.222.0).</summary>
/// <remarks>
/// Carries one programme (<see cref="ProgramChoice"/>): of its streams of codecs that Mirror knows one video stream, and of each language
/// those audio streams that need the least work. What is carried stays while it is listed. In order: packets are found, tables tell which PIDs matter, transport packets become PES packets, these become pictures and frames, and <see cref="ProgramTimeline"/>
/// places them in time. Whatever is damaged is counted and dropped in the smallest unit. Not thread-safe, except <see cref="Stats"/>.
/// </remarks>
internal sealed partial class TransportStreamDemuxer(IAccessUnitHandler handler, TransportStreamDemuxerOptions options, ILogger logger) : IDisposable
{
    /// <summary><see cref="Mirror.Media.Frames.Track.Id"/> of the video track.</summary>
    public const int VideoTrackId = 1;

    /// <summary><see cref="Mirror.Media.Frames.Track.Id"/> of the first audio track; others have the numbers that follow.</summary>
    public const int AudioTrackId = 2;

    /// <summary>Audio tracks that are carried at most.</summary>
    public const int MostSounds = 8;

    private const int AssociationPid = 0;
    private const int NoPid = -1;
    private const int LargestAudioPes = 128 * 1024;              // with a length field a PES packet has at most 64 KiB
    private const long TicksPerSecond = 90_000;
    private const long PcrPeriod = TimestampUnwrapper.Period;
    private readonly PacketSynchronizer _synchronizer = new();
    private readonly ProgramTimeline _timeline = new(handler, options, logger);
    private readonly SectionAssembler _associationSections = new();
    private readonly SectionAssembler _mapSections = new();
    private ContinuityCounter _associationContinuity;
    private ContinuityCounter _mapContinuity;
    private ElementaryStream? _video;
    private readonly ElementaryStream?[] _sounds = new ElementaryStream?[MostSounds];        // by their numbers; the first is there if any is
    private readonly string?[] _languages = new string?[MostSounds];                          // that had those numbers
    private readonly ProgramChoice _choice = new(options.Program, options.ProgramPatience);
    private int _programNumber;
    private int _mapPid = NoPid;                                  // of the programme chosen
    private bool _hasCarried;                                     // anything of that programme
    private (byte Version, uint Crc) _mapSeen;
    private bool _hasMap;
    private int _pcrPid = NoPid;
    private long _lastPcr33 = -1;
    private LogAllowance _logAllowance;
    private DateTime _wallClock;
    private DemuxStats _retired = new();                          // counts of elementary streams that are gone
    private readonly byte[] _head = new byte[ForeignFormat.NeededLength];      // the first bytes of the connection
    private int _headLength;
    private bool _hasPackets;                                     // came on this connection
    private string? _passedOver;                                  // why no programme is carried
    private long _packets;
    private long _damaged;
    private long _scrambled;
    private long _ignored;
    private long _tableContinuityErrors;
    private long _badSections;
    private long _programChanges;
    private long _ignoredStreams;

    /// <summary>Counters since the demuxer was made.</summary>
    public DemuxStats Stats => Snapshot();

    /// <summary>Takes the next bytes of the publisher, in order.</summary>
    /// <param name="bytes">Any number of bytes, usually whole packets; read in place where they are.</param>
    /// <param name="receivedTimestamp">When the last of them arrived, in <see cref="TimeProvider.GetTimestamp"/> ticks.</param>
    /// <param name="wallClock">When the first of them arrived (UTC), free of the network's jitter and of what evens it out.</param>
    public void Write(ReadOnlySpan<byte> bytes, long receivedTimestamp, DateTime wallClock)
    {
        _wallClock = wallClock;
        _timeline.SetArrival(receivedTimestamp, wallClock);
        KeepHead(bytes);
        while (_synchronizer.TryRead(ref bytes, out ReadOnlySpan<byte> packet)) { ReadPacket(packet); }
    }

    /// <summary>Packets are missing before the bytes of the next call: what they damaged is dropped, once it is known.</summary>
    public void SignalLoss()
    {
        _synchronizer.SignalLoss();
        _video?.SignalLoss();
        foreach (ElementaryStream? sound in _sounds) { sound?.SignalLoss(); }
    }

    /// <summary>Passes on the units that wait until their date is known: the publisher is gone.</summary>
    public void Flush() => _timeline.Flush();

    /// <summary>
    /// A new connection of the same publisher: the bytes of the next call follow nothing. The next units start a discontinuity; parameter
    /// sets are kept, so that an unchanged format keeps its track.
    /// </summary>
    public void Restart()
    {
        _synchronizer.Reset();
        _associationSections.Reset();
        _mapSections.Reset();
        _associationContinuity.Reset();
        _mapContinuity.Reset();
        _choice.Reset();
        _headLength = 0;
        _hasPackets = false;
        _passedOver = null;
        _mapPid = NoPid;
        _hasMap = false;
        _pcrPid = NoPid;
        _lastPcr33 = -1;
        _video?.Reset();
        foreach (ElementaryStream? sound in _sounds) { sound?.Reset(); }
        _timeline.Interrupt();
    }

    /// <summary>Gives every buffer back to its pool.</summary>
    public void Dispose()
    {
        _video?.Dispose();
        foreach (ElementaryStream? sound in _sounds) { sound?.Dispose(); }
        _timeline.Dispose();
    }

    /// <summary>Says why nothing comes of what the publisher sends, in words for its owner; <see langword="null"/> where nothing is wrong.</summary>
    public string? Problem()
    {
        if (_headLength > 0 && !_synchronizer.IsLocked) { return ForeignProblem(); }
        return _hasPackets && _mapPid == NoPid ? _passedOver ?? "its transport stream has no program tables (PAT and PMT)" : null;
    }

    private string? ForeignProblem()
    {
        if (_hasPackets) { return "it is no MPEG transport stream any more"; }
        ReadOnlySpan<byte> head = _head.AsSpan(0, _headLength);
        string? name = ForeignFormat.NameOf(head);
        if (name is null && _synchronizer.SkippedBytes == 0) { return null; }          // too little to tell
        string found = name is not null ? $"it is {name}" : $"it begins with {Convert.ToHexString(head[..Math.Min(8, head.Length)])}";
        return $"{found}, not MPEG-TS; send MPEG-TS, such as with ffmpeg -f mpegts";
    }

    private void KeepHead(ReadOnlySpan<byte> bytes)
    {
        int taken = Math.Min(bytes.Length, _head.Length - _headLength);
        if (taken == 0) { return; }
        bytes[..taken].CopyTo(_head.AsSpan(_headLength));
        _headLength += taken;
    }

    private void ReadPacket(ReadOnlySpan<byte> bytes)
    {
        _packets++;
        _hasPackets = true;
        if (!TransportPacket.TryParse(bytes, out TransportPacket packet) || packet.TransportError)
        {
            _damaged++;
            return;
        }
        if (packet.Pcr27M >= 0 && packet.Pid == _pcrPid) { ReadPcr(packet); }
        if (packet.Payload.IsEmpty) { return; }
        ElementaryStream? stream = StreamOf(packet.Pid);
        if (packet.IsScrambled)
        {
            CountScrambled(stream is not null);
            return;
        }
        if (stream is not null && _hasMap)
        {
            _hasCarried = true;
            stream.Write(packet, _wallClock);
        }
        else if (packet.Pid == AssociationPid) { ReadSections(packet, _associationSections, ref _associationContinuity); }
        else if (packet.Pid == _mapPid) { ReadSections(packet, _mapSections, ref _mapContinuity); }
        else if (_mapPid == NoPid && _choice.MapsOn(packet.Pid) is { } reader) { ReadSections(packet, reader.Sections, ref reader.Continuity); }
        else { _ignored++; }
    }

    private ElementaryStream? StreamOf(ushort pid)
    {
        if (pid == _video?.Pid) { return _video; }
        foreach (ElementaryStream? sound in _sounds)
        {
            if (pid == sound?.Pid) { return sound; }
        }
        return null;
    }

    private void CountScrambled(bool isCarried)
    {
        _scrambled++;
        if (isCarried && _scrambled == 1) { LogScrambled(); }
    }

    /// <summary>A jump of the time base is announced by discontinuity_indicator on the PCR's packet (§2.4.3.5).</summary>
    private void ReadPcr(in TransportPacket packet)
    {
        long pcr33 = packet.Pcr27M / 300 & (PcrPeriod - 1);
        if (packet.Discontinuity && _lastPcr33 >= 0)
        {
            long step = TimestampUnwrapper.Nearest(pcr33, _lastPcr33) - _lastPcr33;
            if (step is < 0 or > TicksPerSecond) { _timeline.AnnounceJump(pcr33); }
        }
        _lastPcr33 = pcr33;
    }

    // ---- Tables

    private void ReadSections(in TransportPacket packet, SectionAssembler sections, ref ContinuityCounter counter)
    {
        Continuity continuity = counter.Check(packet);
        if (continuity == Continuity.Duplicate) { return; }
        if (continuity == Continuity.Gap) { _tableContinuityErrors++; }
        if (continuity != Continuity.InOrder) { sections.Reset(); }
        sections.Write(packet.Payload, packet.PayloadUnitStart);
        while (sections.TryRead(out ReadOnlySpan<byte> bytes))
        {
            if (!PsiSection.TryParse(bytes, out PsiSection section))
            {
                _badSections++;
                continue;
            }
            if (packet.Pid == AssociationPid) { ReadAssociation(section); }
            else { ReadMap(section); }
        }
    }

    /// <summary>Keeps to the programme in force while it is listed and sends something; chooses another otherwise.</summary>
    private void ReadAssociation(in PsiSection section)
    {
        if (!ProgramAssociation.TryParse(section, out ProgramAssociation association)) { return; }
        _choice.List(association, section.SectionNumber, _wallClock);
        if (_mapPid == NoPid) { return; }
        if (!_choice.TryFind(_programNumber, out ushort mapPid))
        {
            _mapPid = NoPid;
            return;
        }
        if (mapPid != _mapPid) { Follow(_programNumber, mapPid); }
        bool isSilent = !_hasCarried && _choice.HasOther(_programNumber) && _choice.IsOver(_wallClock);
        if (isSilent) { PassOver((ushort)_programNumber, "nothing comes of its streams"); }
    }

    private void Follow(int programNumber, ushort mapPid)
    {
        _programNumber = programNumber;
        _mapPid = mapPid;
        _hasMap = false;
        _mapSections.Reset();
        _mapContinuity.Reset();
    }

    /// <summary>A map came while no programme is chosen: it is the chosen one if it has something to carry and those before it have not.</summary>
    private bool TryChoose(in ProgramMap map)
    {
        if (!_choice.TryFind(map.ProgramNumber, out ushort mapPid)) { return false; }
        if (BestRanks(map) == (0, 0))
        {
            if (PassOver(map.ProgramNumber, "it lists nothing that Mirror carries")) { IgnoreAll(map); }
            return false;
        }
        if (!_choice.IsTurnOf(map.ProgramNumber, _wallClock)) { return false; }
        foreach (int absent in _choice.AbsentBefore(map.ProgramNumber)) { if (_logAllowance.TryTake(_wallClock)) { LogPassedOver(absent, "its map does not come"); } }
        _choice.Choose(_wallClock);
        _hasCarried = false;
        Follow(map.ProgramNumber, mapPid);
        return true;
    }

    /// <returns>Whether that is news.</returns>
    private bool PassOver(ushort programNumber, string reason)
    {
        if (programNumber == _programNumber) { _mapPid = NoPid; }
        _passedOver = $"programme {programNumber} is passed over: {reason}";
        bool isNew = _choice.PassOver(programNumber, _wallClock);
        if (isNew && _logAllowance.TryTake(_wallClock)) { LogPassedOver(programNumber, reason); }
        return isNew;
    }

    private void ReadMap(in PsiSection section)
    {
        if (!ProgramMap.TryParse(section, out ProgramMap map)) { return; }
        if (_mapPid == NoPid && !TryChoose(map)) { return; }
        if (map.ProgramNumber != _programNumber) { return; }
        if (_hasMap && _mapSeen == (section.Version, section.Crc)) { return; }
        _mapSeen = (section.Version, section.Crc);
        if (map.PcrPid != _pcrPid) { (_pcrPid, _lastPcr33) = (map.PcrPid, -1); }
        TakeUp(map);
        _hasMap = true;
    }

    /// <summary>
    /// Chooses the streams to carry. Those in force stay while they are listed, in whatever order, and sounds come and go beside a video, which
    /// goes on. Other video is another programme, and another first sound where there is none.
    /// </summary>
    private void TakeUp(in ProgramMap map)
    {
        ElementaryStream? video = ChooseVideo(map);
        ElementaryStream?[] sounds = ChooseSounds(map, video);
        bool isSame = _timeline.IsProgramStarted && ReferenceEquals(video, _video) && (video is not null || ReferenceEquals(sounds[0], _sounds[0]));
        bool hasNews = !isSame || !sounds.AsSpan().SequenceEqual(_sounds);
        if (!ReferenceEquals(video, _video)) { Retire(_video); }
        _video = video;
        for (int i = 0; i < sounds.Length; i++)
        {
            if (!ReferenceEquals(sounds[i], _sounds[i])) { Retire(_sounds[i]); }
            _sounds[i] = sounds[i];
        }
        IgnoreOthers(map);
        int count = sounds.Count(static sound => sound is not null);
        if (hasNews && _logAllowance.TryTake(_wallClock)) { LogProgram(_programNumber, video?.Pid ?? NoPid, count == 0 ? "none" : string.Join(", ", sounds.Select(Describe).Where(static text => text is not null))); }
        var layout = new FeedLayout(video is not null, count > 0) { MoreAudio = Math.Max(0, count - 1) };
        if (isSame)
        {
            _timeline.SetLayout(layout);
            return;
        }
        _programChanges++;
        _timeline.StartProgram(layout);
    }

    private ElementaryStream? ChooseVideo(in ProgramMap map)
    {
        bool keeps = Lists(map, _video);
        int best = BestRanks(map).Video;
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            bool isWanted = !IsTable(info.Pid) && (keeps ? IsSame(_video, info) : best > 0 && VideoRank(info) == best);
            if (!isWanted) { continue; }
            _timeline.AnnounceCaptions(info.Captions);
            return OpenVideo(info);
        }
        return null;
    }

    private ElementaryStream?[] ChooseSounds(in ProgramMap map, ElementaryStream? video)
    {
        var sounds = new ElementaryStream?[MostSounds];
        bool keeps = Lists(map, _sounds[0]);
        ReadOnlySpan<byte> streams = map.Streams;
        while (keeps && ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            if (!IsTable(info.Pid) && NumberOf(info) is >= 0 and int number) { sounds[number] = _sounds[number]; }
        }
        if (!keeps) { Array.Clear(_languages); }
        streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            bool isTaken = IsTable(info.Pid) || info.Pid == video?.Pid || Array.Exists(sounds, Has(info.Pid));
            if (isTaken || !IsWanted(map, info, sounds)) { continue; }
            string? language = info.Language;
            int number = FreeNumber(sounds, language);
            if (number < 0) { continue; }
            sounds[number] = OpenAudio(info, number);
            _languages[number] = language ?? "";
        }
        return sounds;
    }

    private static Predicate<ElementaryStream?> Has(ushort pid) => stream => stream?.Pid == pid;

    /// <summary>The number of the sound in force that this is; negative where it is none.</summary>
    private int NumberOf(in ElementaryStreamInfo info)
    {
        for (int i = 0; i < _sounds.Length; i++)
        {
            if (IsSame(_sounds[i], info)) { return i; }
        }
        return -1;
    }

    /// <summary>
    /// Broadcasts carry the same sound in several codecs: of each language that is carried already which it is, else those of the highest
    /// rank. Several of one codec are different sounds.
    /// </summary>
    private bool IsWanted(in ProgramMap map, in ElementaryStreamInfo info, ElementaryStream?[] kept)
    {
        (string? language, byte type) = (info.Language, info.AudioType);
        (int best, int bestKept) = (0, 0);
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo other))
        {
            if (IsTable(other.Pid) || other.Language != language || other.AudioType != type) { continue; }
            int rank = AudioRank(other);
            best = Math.Max(best, rank);
            if (NumberOf(other) is >= 0 and int number && kept[number] is not null) { bestKept = Math.Max(bestKept, rank); }
        }
        return best > 0 && AudioRank(info) == (bestKept > 0 ? bestKept : best);
    }

    /// <summary>The number of a new sound: that which its language had, or the first that none had; negative where all are in use.</summary>
    private int FreeNumber(ElementaryStream?[] sounds, string? language)
    {
        for (int i = 0; i < sounds.Length; i++)
        {
            if (sounds[i] is null && _languages[i] == (language ?? "")) { return i; }
        }
        for (int i = 0; i < sounds.Length; i++)
        {
            if (sounds[i] is null && _languages[i] is null) { return i; }
        }
        return Array.FindIndex(sounds, static sound => sound is null);
    }

    private void IgnoreOthers(in ProgramMap map)
    {
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            if (!IsSame(StreamOf(info.Pid), info)) { Ignore(info); }
        }
    }

    private static string? Describe(ElementaryStream? sound)
        => sound is null ? null : sound.Audio!.Language is { } language ? $"{sound.Pid} ({language})" : $"{sound.Pid}";

    private void IgnoreAll(in ProgramMap map)
    {
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info)) { Ignore(info); }
    }

    private void Ignore(in ElementaryStreamInfo info)
    {
        _ignoredStreams++;
        if (_logAllowance.TryTake(_wallClock)) { LogIgnored(info.Pid, info.StreamType, Media.MpegTs.StreamType.Describe(info.StreamType, info.FormatIdentifier)); }
    }

    private static bool IsSame(ElementaryStream? stream, in ElementaryStreamInfo info)
        => stream is not null && stream.Pid == info.Pid && stream.StreamType == info.StreamType && stream.Format == FormatOf(info);

    private static bool Lists(in ProgramMap map, ElementaryStream? stream)
    {
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            if (IsSame(stream, info)) { return true; }
        }
        return false;
    }

    private bool IsTable(ushort pid) => pid == AssociationPid || pid == _mapPid || pid == TransportPacket.NullPid;

    /// <summary>The ranks of the streams to choose: the first of the highest rank that there is; 0 where there is none.</summary>
    private (int Video, int Audio) BestRanks(in ProgramMap map)
    {
        (int video, int audio) = (0, 0);
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            if (IsTable(info.Pid)) { continue; }
            video = Math.Max(video, VideoRank(info));
            audio = Math.Max(audio, AudioRank(info));
        }
        return (video, audio);
    }

    /// <summary>What can be delivered as it comes ranks before what must be transcoded.</summary>
    private static int VideoRank(in ElementaryStreamInfo info)
    {
        if (info.StreamType is Media.MpegTs.StreamType.H264 or Media.MpegTs.StreamType.H265 || IsPrivateHevc(info) || IsAv1(info)) { return 2; }
        return IsMpegVideo(info) ? 1 : 0;
    }

    /// <summary>What every browser plays ranks before what some play, and that before what must be transcoded: broadcasts carry the same sound more than once.</summary>
    private static int AudioRank(in ElementaryStreamInfo info)
    {
        if (info.StreamType is Media.MpegTs.StreamType.AacAdts or Media.MpegTs.StreamType.AacLatm || IsOpus(info)) { return 3; }
        return info.IsAc3 ? 2 : IsMpegAudio(info) ? 1 : 0;
    }

    private static bool IsMpegVideo(in ElementaryStreamInfo info) => info.StreamType is Media.MpegTs.StreamType.Mpeg1Video or Media.MpegTs.StreamType.Mpeg2Video;

    private static bool IsPrivateHevc(in ElementaryStreamInfo info) => IsPrivate(info, Media.MpegTs.StreamType.HevcFormat);

    private static bool IsAv1(in ElementaryStreamInfo info) => IsPrivate(info, Media.MpegTs.StreamType.Av1Format);

    private static bool IsPrivate(in ElementaryStreamInfo info, uint format) => info.StreamType == Media.MpegTs.StreamType.PrivatePes && info.FormatIdentifier == format;

    private static bool IsMpegAudio(in ElementaryStreamInfo info) => info.StreamType is Media.MpegTs.StreamType.Mpeg1Audio or Media.MpegTs.StreamType.Mpeg2Audio;

    private static bool IsOpus(in ElementaryStreamInfo info)
        => IsPrivate(info, Media.MpegTs.StreamType.OpusFormat) && OpusDecoderConfiguration.TryBuild(info.OpusChannelConfigCode, out _);

    /// <summary>The stream in force if it is the same; a stream of the same codec on another PID keeps the parameter sets.</summary>
    private ElementaryStream OpenVideo(in ElementaryStreamInfo info)
    {
        if (IsSame(_video, info)) { return _video!; }
        IVideoAssembler assembler = IsAv1(info) ? new Av1Assembler((_video?.Video as Av1Assembler)?.Syntax ?? new Av1Syntax(VideoTrackId), _timeline)
            : new VideoAssembler(OpenSyntax(info), _timeline, options.LargestUnit);
        return new ElementaryStream(info.StreamType, info.Pid, FormatOf(info), options.LargestUnit + PesHeader.LargestLength, assembler, audio: null);
    }

    private VideoSyntax OpenSyntax(in ElementaryStreamInfo info)
    {
        VideoSyntax syntax = info.StreamType == Media.MpegTs.StreamType.H264 ? new H264Syntax(VideoTrackId)
            : IsMpegVideo(info) ? new Mpeg2Syntax(VideoTrackId)
            : new H265Syntax(VideoTrackId);
        return (_video?.Video as VideoAssembler)?.Syntax is { } old && old.GetType() == syntax.GetType() ? old : syntax;
    }

    private ElementaryStream OpenAudio(in ElementaryStreamInfo info, int number)
    {
        if (IsSame(_sounds[number], info)) { return _sounds[number]!; }
        int id = AudioTrackId + number;
        string? language = info.Language;
        AudioPurpose purpose = info.AudioType <= (byte)AudioPurpose.VisualImpaired ? (AudioPurpose)info.AudioType : AudioPurpose.Main;     // others are reserved or private
        AudioAssembler assembler;
        if (IsOpus(info) && OpusDecoderConfiguration.TryBuild(info.OpusChannelConfigCode, out byte[] configuration))
        {
            assembler = new OpusAssembler(id, configuration, _timeline) { Language = language, Purpose = purpose };
        }
        else if (info.IsAc3) { assembler = new Ac3Assembler(id, _timeline) { Language = language, Purpose = purpose }; }
        else if (IsMpegAudio(info)) { assembler = new MpegAudioAssembler(id, _timeline) { Language = language, Purpose = purpose }; }
        else if (info.StreamType == Media.MpegTs.StreamType.AacAdts) { assembler = new AdtsAssembler(id, _timeline) { Language = language, Purpose = purpose }; }
        else { assembler = new LatmAssembler(id, _timeline) { Language = language, Purpose = purpose }; }
        return new ElementaryStream(info.StreamType, info.Pid, FormatOf(info), LargestAudioPes, video: null, assembler);
    }

    /// <summary>What tells a private stream's codec.</summary>
    private static uint FormatOf(in ElementaryStreamInfo info)
        => info.StreamType != Media.MpegTs.StreamType.PrivatePes ? 0 : IsOpus(info) ? (uint)info.OpusChannelConfigCode : info.FormatIdentifier;

    // ---- Statistics

    private void Retire(ElementaryStream? stream)
    {
        if (stream is null) { return; }
        _retired = Add(_retired, stream);
        stream.Dispose();
    }

    private static DemuxStats Add(DemuxStats stats, ElementaryStream? stream)
    {
        if (stream is null) { return stats; }
        DemuxStats sum = stats with
        {
            ContinuityErrors = stats.ContinuityErrors + stream.ContinuityErrors,
            DuplicatePackets = stats.DuplicatePackets + stream.DuplicatePackets,
            ScrambledPackets = stats.ScrambledPackets + stream.ScrambledPackets,
            BadPesPackets = stats.BadPesPackets + stream.Pes.MalformedPackets + stream.Pes.OversizedPackets + stream.Pes.TruncatedPackets + stream.Pes.FalseEnds,
            Malformed = stats.Malformed + (stream.Video?.MalformedUnits ?? 0) + (stream.Audio?.SkippedBytes ?? 0),
        };
        return stream.Video is not null
            ? sum with { Video = sum.Video with { DroppedUnits = sum.Video.DroppedUnits + stream.DroppedUnits } }
            : sum with { Audio = sum.Audio with { DroppedUnits = sum.Audio.DroppedUnits + stream.DroppedUnits } };
    }

    private DemuxStats Snapshot()
    {
        DemuxStats streams = _sounds.Aggregate(Add(_retired, _video), Add);
        return streams with
        {
            Packets = _packets,
            SkippedBytes = _synchronizer.SkippedBytes,
            SyncLosses = _synchronizer.SyncLosses,
            DamagedPackets = _damaged,
            ScrambledPackets = streams.ScrambledPackets + _scrambled,
            IgnoredPackets = _ignored,
            ContinuityErrors = streams.ContinuityErrors + _tableContinuityErrors,
            BadSections = _badSections + _associationSections.MalformedSections + _mapSections.MalformedSections,
            ProgramChanges = _programChanges,
            IgnoredStreams = _ignoredStreams,
            Malformed = streams.Malformed + (_video?.Video?.MalformedParameterSets ?? 0),
            Timelines = _timeline.Timelines,
            TimestampJumps = _timeline.Jumps,
            KeyFrames = _timeline.KeyFrames,
            PredictedFrames = _timeline.PredictedFrames,
            BidirectionalFrames = _timeline.BidirectionalFrames,
            Video = _timeline.VideoStats(streams.Video.DroppedUnits),
            Audio = _timeline.AudioStats(streams.Audio.DroppedUnits),
        };
    }

    [LoggerMessage(LogLevel.Information, "Programme {Program}: video on PID {VideoPid} (-1 is none), audio on {AudioPids}")]
    private partial void LogProgram(int program, int videoPid, string audioPids);

    [LoggerMessage(LogLevel.Information, "Programme {Program} is passed over: {Reason}")]
    private partial void LogPassedOver(int program, string reason);

    [LoggerMessage(LogLevel.Information, "PID {Pid} is ignored: stream type {StreamType}, {Description}")]
    private partial void LogIgnored(ushort pid, byte streamType, string description);

    [LoggerMessage(LogLevel.Warning, "The stream is scrambled; what is scrambled is dropped")]
    private partial void LogScrambled();
}
