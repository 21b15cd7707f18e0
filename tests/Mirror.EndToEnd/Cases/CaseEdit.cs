namespace Mirror.EndToEnd.Cases;

/// <summary>A case's file, rewritten by the editor beside it; the new one is removed with this.</summary>
internal sealed class CaseEdit : IDisposable
{
    private readonly string? _made;

    private CaseEdit(string path, string? made) => (Path, _made) = (path, made);

    /// <summary>Where the file is.</summary>
    public string Path { get; }

    /// <summary>The file, with its pace.</summary>
    public CaseFile Case => CaseFile.Read(Path);

    /// <summary>Rewrites a file.</summary>
    /// <param name="name">Name of the file, or a path.</param>
    /// <param name="edit">Words of the editor, as <c>mute --pid audio --from 2 --to 5</c>; none leaves the file as it is.</param>
    public static async Task<CaseEdit> MakeAsync(string name, string edit)
    {
        string source = CaseFile.PathOf(name);
        if (edit.Length == 0) { return new CaseEdit(source, null); }
        string made = System.IO.Path.Combine(Directory.CreateTempSubdirectory("mirror-case-").FullName, System.IO.Path.GetFileName(name));
        await Tool.RunAsync("python3", $"{CaseFile.PathOf("tsedit.py")} {source} {made} {edit}");
        return new CaseEdit(made, made);
    }

    /// <summary>Encodes a stream, and rewrites it.</summary>
    /// <param name="words">Of ffmpeg: inputs and encoders.</param>
    /// <param name="edit">Words of the editor; none leaves it as it is.</param>
    public static async Task<CaseEdit> EncodeAsync(string words, string edit = "")
    {
        string encoded = System.IO.Path.Combine(Directory.CreateTempSubdirectory("mirror-case-").FullName, "encoded.ts");
        await Tool.RunAsync("ffmpeg", $"-v error {words} {encoded}");
        var whole = new CaseEdit(encoded, encoded);
        if (edit.Length == 0) { return whole; }
        using (whole) { return await MakeAsync(encoded, edit); }
    }

    public void Dispose()
    {
        if (_made is not null) { Directory.Delete(System.IO.Path.GetDirectoryName(_made)!, recursive: true); }
    }
}
