using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>The encoded renditions of one stream: its pictures and its sound go to a worker, what comes back is packaged at the source's cuts.</summary>
/// <remarks>
/// The source's side is called by the feed, the encoded side by the worker's reader; a lock keeps the two apart for as long as it takes to
/// file a cut or a frame. A rendition exists from the first cut on, so that players are told of it at once. Where frames stay away, gaps stand
/// in their place; after <see cref="LongestSilence"/> it ends, and begins anew when frames come again.
/// </remarks>
internal sealed class LadderPackager : ICutFollower, ILadderOutput
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);       // a player leaves gaps for another rendition and comes back; an end is for good
    private const long LongestGop90k = 3 * VideoPackager.Timescale;     // a viewer who joins waits for a key frame for as long
    private const long EntryTolerance90k = VideoPackager.Timescale * 8 / 1000;      // half a frame of 60 fps
    private const long LargestKept = 8L * 1024 * 1024;       // ten seconds of what is smaller than every rung, many times over
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(30);        // a worker that is late may have that much to do at the end
    private static readonly TimeSpan LongestStandstill = TimeSpan.FromSeconds(3);    // of a worker at the end: it hangs, or there is none
    private static readonly TimeSpan ToMeasure = TimeSpan.FromSeconds(1);       // sound that comes later, or changes: for its bit rate

    private readonly TranscodingLadder _ladder;
    private readonly RenditionStarts _begin;
    private readonly KeyFrameStills _stills;
    private readonly TimeProvider _time;
    private readonly LadderWorker _worker;
    private readonly Lock _lock = new();
    private readonly List<LadderSound> _sounds = [];         // changed under the lock, by the source's side
    private readonly Dictionary<string, FollowerPackager> _followers = [];
    private readonly HashSet<string> _silent = [];           // those whose rendition ended for want of frames
    private readonly HashSet<string> _returned = [];         // those of them whose frames come again
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AccessUnit? _keyFrame;                           // the newest, where no worker decodes it
    private VideoTrack? _source;
    private bool _lacksKeyFrames;                            // they come seldom, or decoding starts at weaker random access points, which no browser does
    private long? _keyFrame90k;                              // decoding time of the last one
    private IReadOnlyList<RungPlan> _rungs = [];             // that suit the source
    private IReadOnlyList<RungPlan> _encoded = [];           // that the worker's frames are of
    private VideoTrack?[] _tracks = [];
    private int _timeline;
    private readonly List<AccessUnit> _kept = [];            // since the last key frame, while nothing is encoded
    private long _keptBytes;
    private bool _startsSegment;
    private long _entry90k;                                  // presentation time of the last key frame that encoders were asked for
    private bool _isEnding;
    private long _delivered;                                 // encoded frames of all renditions

    /// <param name="ladder">The rungs that are configured.</param>
    /// <param name="begin">Begins renditions.</param>
    /// <param name="createWorker">Makes the worker that encodes for this stream.</param>
    /// <param name="stills">Makes pictures where nothing is encoded.</param>
    /// <param name="time">Clock for silence.</param>
    public LadderPackager(TranscodingLadder ladder, RenditionStarts begin, Func<ILadderOutput, LadderWorker> createWorker, KeyFrameStills stills,
        TimeProvider time)
    {
        (_ladder, _begin, _stills, _time) = (ladder, begin, stills, time);
        _worker = createWorker(this);
    }

    public TranscodeState State => _worker.State;

    /// <summary>How long a rendition may take to begin: nobody plays it yet, and the stream's first viewers wait for it.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Cores that its renditions would take, and this node does not have; <see langword="null"/> where that is not what they lack.</summary>
    public double? MissingCores => _worker.MissingCores;

    /// <summary>How far apart encoders place key frames at most, where the source's are further: a number of whole parts, in 90 kHz ticks.</summary>
    public long EntryDistance90k { get; set; } = 2 * VideoPackager.Timescale;

    /// <summary>When the newest key frame was shown (UTC).</summary>
    public DateTime NewestKeyFrame { get; private set; }

    /// <summary>Says what is coming, as early as it is known: a worker takes a moment to start.</summary>
    /// <param name="source">The source's track.</param>
    /// <param name="unit">Its next picture.</param>
    public void Prepare(VideoTrack source, AccessUnit unit)
    {
        bool wasLacking = _lacksKeyFrames;
        FollowKeyFrames(unit);
        bool isSame = source.SameFormatAs(_source);
        if (isSame && (!_lacksKeyFrames || wasLacking || _rungs.Count > 0)) { return; }      // what is encoded stays, should key frames come again
        _source = source;
        IReadOnlyList<RungPlan> rungs = _ladder.PlanFor(source, hasKeyFrames: !_lacksKeyFrames);
        if (isSame && rungs.Count == 0) { return; }
        lock (_lock)
        {
            foreach (string gone in _followers.Keys.Except(rungs.Select(rung => rung.Name).Concat(_sounds.Select(sound => sound.Name)), StringComparer.Ordinal).ToArray()) { EndRendition(gone); }
            _silent.Clear();
            _rungs = rungs;
        }
        foreach (LadderSound sound in _sounds) { sound.IsDecided = sound.Plan is not null; }     // what was left alone may now go with encoded pictures
        _worker.Configure(source, rungs);
        if (isSame) { WriteKept(); }
        ForgetKept();
    }

    /// <summary>While nothing is encoded: a worker that turns out to be needed between two key frames starts with the last one.</summary>
    private void Keep(AccessUnit unit)
    {
        if (unit.IsRandomAccess) { ForgetKept(); }
        bool isOfUse = _kept.Count > 0 || unit.IsRandomAccess;
        if (!isOfUse || _keptBytes + unit.Payload.Length > LargestKept)
        {
            ForgetKept();
            return;
        }
        _kept.Add(unit.Retain());
        _keptBytes += unit.Payload.Length;
    }

    private void WriteKept()
    {
        // As if they came now: what is late is left out.
        foreach (AccessUnit unit in _kept) { _worker.Write(unit.Received(_time.GetTimestamp()), _timeline, startsSegment: false); }
    }

    private void ForgetKept()
    {
        foreach (AccessUnit unit in _kept) { unit.Release(); }
        _kept.Clear();
        _keptBytes = 0;
    }

    private void FollowKeyFrames(AccessUnit unit)
    {
        if (unit.StartsDiscontinuity) { _keyFrame90k = null; }
        if (unit.IsRandomAccess)
        {
            _lacksKeyFrames = unit.FrameType != FrameType.Key;
            _keyFrame90k = unit.Dts90k;
        }
        else if (unit.Payload.Length > 0 && unit.Dts90k - _keyFrame90k > LongestGop90k) { _lacksKeyFrames = true; }
    }

    /// <summary>Measures sound that is still to be written.</summary>
    public void MeasureAudio(AccessUnit unit) => SoundOf(unit.Track).Rate.Add(unit);

    /// <summary>Decides whether a sound is encoded, by what was measured. Once it is, it stays so: its rendition goes on through every format.</summary>
    /// <param name="source">The source's format.</param>
    public void PrepareAudio(AudioTrack source)
    {
        LadderSound sound = SoundOf(source);
        sound.IsDecided = true;
        sound.Source = source;
        AudioPlan? plan = sound.Plan ?? _ladder.PlanAudioFor(source, sound.Rate.Bitrate, hasRungs: _rungs.Count > 0);
        if (plan is null) { return; }
        lock (_lock) { sound.Plan = plan; }
        _worker.ConfigureAudio(sound.Number, source, plan);
    }

    /// <summary>The source's next audio frame, after its packager had it.</summary>
    public void WriteAudio(AccessUnit unit)
    {
        var track = (AudioTrack)unit.Track;
        LadderSound sound = SoundOf(track);
        // Each track of a stream starts the new timeline with a unit that says so; which of them is first does not matter.
        if (unit.StartsDiscontinuity || sound.Timeline == 0) { sound.Timeline = Math.Max(sound.Timeline + 1, _timeline); }
        if (!track.SameFormatAs(sound.Source)) { OnAudioFormat(sound, track); }
        if (!sound.IsDecided)
        {
            sound.Rate.Add(unit);
            if (sound.Rate.Measured >= ToMeasure) { PrepareAudio(track); }
        }
        if (sound.Plan is not null) { _worker.WriteAudio(sound.Number, unit, sound.Timeline); }
        if (_source is null && sound == _sounds[0]) { Watch(sound.Timeline, unit.Pts90k); }
    }

    private LadderSound SoundOf(Track track)
    {
        int number = StreamSound.NumberOf(track);
        int index = _sounds.FindIndex(sound => sound.Number >= number);
        if (index >= 0 && _sounds[index].Number == number) { return _sounds[index]; }
        var added = new LadderSound(number);
        lock (_lock) { _sounds.Insert(index < 0 ? _sounds.Count : index, added); }
        return added;
    }

    private void OnAudioFormat(LadderSound sound, AudioTrack track)
    {
        sound.Source = track;
        sound.IsDecided = false;
        if (sound.Plan is not null) { PrepareAudio(track); }
    }

    /// <summary>The source's next picture, after its packager had it.</summary>
    public void Write(AccessUnit unit)
    {
        if (unit.IsRandomAccess)
        {
            NewestKeyFrame = unit.ProgramTime;
            KeepKeyFrame(_rungs.Count == 0 ? unit : null);
        }
        if (_rungs.Count == 0) { Keep(unit); }
        bool isEntry = _startsSegment || IsEntry(unit);
        if (isEntry) { _entry90k = unit.Pts90k; }
        _worker.Write(unit, _timeline, isEntry);
        _startsSegment = false;
        Watch(_timeline, unit.Dts90k);
    }

    /// <summary>Whether it is the picture with which a part of a long segment begins that viewers can join at.</summary>
    private bool IsEntry(AccessUnit unit)
    {
        long late90k = unit.Pts90k - _entry90k - EntryDistance90k;
        if (late90k >= EntryDistance90k) { _entry90k += EntryDistance90k; }      // there was no picture at that time
        return Math.Abs(late90k) < EntryTolerance90k;
    }

    /// <summary>The source has come this far: what stays away is marked as missing, and after a while ends.</summary>
    private void Watch(int timeline, long pts90k)
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.OnSource(timeline, pts90k); }
            foreach ((string name, FollowerPackager follower) in _followers)
            {
                TimeSpan longest = follower.IsPlayed ? LongestSilence : StartTimeout;
                if (_time.GetElapsedTime(follower.LastWritten) > longest) { EndRendition(name); }   // removing while enumerating is allowed
            }
        }
    }

    /// <summary>The publisher is gone: what is on its way comes out.</summary>
    public void Interrupt() => _worker.Drain();

    /// <summary>The stream is over: what is on its way comes out, then everything ends.</summary>
    public async Task EndAsync()
    {
        bool hasRenditions;
        lock (_lock) { (_isEnding, hasRenditions) = (true, _followers.Count > 0); }
        if (hasRenditions) { await DrainAsync(); }
        await _worker.DisposeAsync();
        EndRenditions();
        ForgetKept();
        KeepKeyFrame(null);
    }

    /// <summary>Waits for what is on its way, for as long as some of it comes.</summary>
    private async Task DrainAsync()
    {
        _worker.Drain();
        long started = _time.GetTimestamp();
        long before;
        do
        {
            before = Interlocked.Read(ref _delivered);
            await Task.WhenAny(_ended.Task, Task.Delay(LongestStandstill, _time));
        }
        while (!_ended.Task.IsCompleted && Interlocked.Read(ref _delivered) != before && _time.GetElapsedTime(started) < LongestDrain);
    }

    /// <summary>Ends every rendition at once, while <see cref="EndAsync"/> still waits for what is on its way: that comes too late.</summary>
    public void EndRenditions()
    {
        lock (_lock)
        {
            foreach (string name in _followers.Keys.ToArray()) { EndRendition(name); }
        }
    }

    /// <summary>The newest key frame as a JPEG picture, so wide at most: the worker has decoded it, or where there is nothing to encode, another does.</summary>
    public async Task<StreamImage?> MakeImageAsync(int maxWidth)
    {
        DateTime programTime = NewestKeyFrame;
        AccessUnit? keyFrame;
        lock (_lock) { keyFrame = _keyFrame?.Retain(); }
        try
        {
            byte[]? jpeg = keyFrame is null ? await _worker.SnapshotAsync(maxWidth, CancellationToken.None) : await _stills.MakeAsync(keyFrame);
            return jpeg is null ? null : new StreamImage(jpeg, programTime);
        }
        finally { keyFrame?.Release(); }
    }

    void ICutFollower.StartTimeline(Cut cut)
    {
        _timeline = cut.Timeline;
        AddCut(cut);
    }

    void ICutFollower.Add(Cut cut) => AddCut(cut);

    void ICutFollower.Decide(Cut cut)
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.Decide(cut); }
        }
    }

    void ICutFollower.Undecide()
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.Undecide(); }
        }
    }

    void ILadderOutput.OnLadder(IReadOnlyList<RungPlan> rungs)
    {
        _encoded = rungs;
        _tracks = new VideoTrack?[rungs.Count];
    }

    void ILadderOutput.OnFormat(int rung, VideoTrack track) => _tracks[rung] = track;

    void ILadderOutput.OnFrame(int rung, int timeline, long pts90k, long dts90k, bool isKey, long receivedTimestamp, MediaBuffer payload)
    {
        string name = _encoded[rung].Name;
        Interlocked.Increment(ref _delivered);
        lock (_lock)
        {
            if (_tracks[rung] is { } track && _followers.GetValueOrDefault(name) is VideoFollowerPackager follower)
            {
                follower.Write(track, timeline, pts90k, dts90k, isKey, receivedTimestamp, payload);
                return;
            }
            _returned.Add(name);
        }
        payload.Release();
    }

    void ILadderOutput.OnAudioFormat(int sound, AudioTrack track)
    {
        lock (_lock)
        {
            // Encoders know nothing of languages.
            if (Find(sound) is { } known) { known.Encoded = track with { Language = known.Source?.Language, Purpose = known.Source?.Purpose ?? AudioPurpose.Main }; }
        }
    }

    void ILadderOutput.OnAudioFrame(int sound, int timeline, long pts, long receivedTimestamp, MediaBuffer payload)
    {
        Interlocked.Increment(ref _delivered);
        lock (_lock)
        {
            if (Find(sound) is { } known)
            {
                if (known.Encoded is { } track && _followers.GetValueOrDefault(known.Name) is AudioFollowerPackager follower)
                {
                    follower.Write(track, timeline, pts, receivedTimestamp, payload);
                    return;
                }
                _returned.Add(known.Name);
            }
        }
        payload.Release();
    }

    private LadderSound? Find(int number) => _sounds.Find(sound => sound.Number == number);

    void ILadderOutput.OnDrained()
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.Interrupt(); }
            if (_isEnding) { _ended.TrySetResult(); }
        }
    }

    void ILadderOutput.OnDown(string reason) { }             // what is missing is seen by the source's progress

    void ILadderOutput.OnUp() { }

    private void AddCut(Cut cut)
    {
        _startsSegment = true;
        lock (_lock)
        {
            foreach (RungPlan rung in _rungs)
            {
                if (_followers.ContainsKey(rung.Name) || !MayBegin(rung.Name)) { continue; }
                _followers[rung.Name] = _begin.Video(rung, cut.Msn);
            }
            foreach (LadderSound sound in _sounds)
            {
                if (sound.Plan is not { } plan || _followers.ContainsKey(sound.Name) || !MayBegin(sound.Name)) { continue; }
                _followers[sound.Name] = _begin.Audio(sound.Name, plan, cut.Msn);
            }
            foreach (FollowerPackager follower in _followers.Values) { follower.AddCut(cut); }
        }
    }

    private void KeepKeyFrame(AccessUnit? unit)
    {
        lock (_lock)
        {
            _keyFrame?.Release();
            _keyFrame = unit?.Retain();
        }
    }

    /// <summary>A rendition begins with its stream; one that fell silent begins again once its frames come.</summary>
    private bool MayBegin(string name)
    {
        if (_silent.Contains(name) && !_returned.Contains(name)) { return false; }
        _silent.Remove(name);
        _returned.Remove(name);
        return true;
    }

    private void EndRendition(string name)
    {
        if (!_followers.Remove(name, out FollowerPackager? follower)) { return; }
        follower.End();
        _silent.Add(name);
        _returned.Remove(name);
    }
}
