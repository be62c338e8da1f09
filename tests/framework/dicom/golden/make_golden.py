"""What highdicom's test files and rt-utils's structure set hold, read with pydicom alone.

Writes segmentations.json and structure_set.json beside this script. Needs pydicom, numpy, rt-utils and
opencv-python-headless as in experiments/benchmarks/peers.txt; MEDVOL_TEST_DATA names the test data.
"""
import json
import os
import pathlib

import numpy as np
import pydicom
import rt_utils

here = pathlib.Path(__file__).parent
data = pathlib.Path(os.environ["MEDVOL_TEST_DATA"])


def moments(mask):
    """Voxels of a mask [D, H, W] and the sums of their indices: wrong places and mirrored axes show."""
    z, y, x = np.nonzero(mask)
    return [int(mask.sum()), int(x.sum()), int(y.sum()), int(z.sum())]


def segmentation(name, slice_distance):
    file = pydicom.dcmread(data / "highdicom_tests/data/test_files" / name)
    pixels = file.pixel_array.reshape(-1, file.Rows, file.Columns)
    shared = file.SharedFunctionalGroupsSequence[0]
    frames = file.PerFrameFunctionalGroupsSequence
    z = [float(f.PlanePositionSequence[0].ImagePositionPatient[2]) for f in frames]
    slices = np.rint((np.array(z) - min(z)) / slice_distance).astype(int)
    x, y = [float(v) for v in frames[0].PlanePositionSequence[0].ImagePositionPatient[:2]]
    spacing = [float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing]
    found = {}
    for segment in file.SegmentSequence:
        mask = np.zeros((slices.max() + 1, file.Rows, file.Columns), bool)
        for index, frame in enumerate(frames):
            if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber != segment.SegmentNumber:
                continue
            inside = pixels[index] > 0
            if file.SegmentationType == "FRACTIONAL":
                inside = pixels[index] / file.MaximumFractionalValue >= 0.5
            mask[slices[index]] |= inside
        found[str(segment.SegmentNumber)] = {"label": segment.SegmentLabel, "moments": moments(mask)}
    return {
        "kind": file.SegmentationType,
        "size": [file.Columns, file.Rows, int(slices.max()) + 1],
        "origin": [x, y, min(z)],
        "spacing": [spacing[1], spacing[0], slice_distance],
        "segments": found,
    }


def even_odd(polygons, size, origin, spacing):
    """Pixel centres inside an odd number of polygons, by the crossings of a ray along x."""
    ys, xs = np.mgrid[: size[1], : size[0]].astype(float)
    inside = np.zeros(size[::-1], bool)
    for polygon in polygons:
        points = (polygon - origin) / spacing
        for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0)):
            if y0 == y1:
                continue
            spans = (ys >= min(y0, y1)) & (ys < max(y0, y1))
            inside ^= spans & (xs >= x0 + (ys - y0) / (y1 - y0) * (x1 - x0))
    return inside


def structure_set():
    folder = data / "rt_utils_rtstruct/tests/mock_data"
    slices = [pydicom.dcmread(folder / f"ct_{i}.dcm") for i in (1, 2)]
    file = pydicom.dcmread(folder / "rt.dcm")
    origin = np.array([float(v) for v in slices[0].ImagePositionPatient])
    spacing = np.array([float(v) for v in slices[0].PixelSpacing])
    size = (slices[0].Columns, slices[0].Rows)
    planes = {}
    for contour in file.ROIContourSequence[0].ContourSequence:
        points = np.array([float(v) for v in contour.ContourData]).reshape(-1, 3)
        planes.setdefault(round((points[0, 2] - origin[2]) / 5), []).append(points[:, :2])
    ours = np.zeros((2, size[1], size[0]), bool)
    for z, polygons in planes.items():
        ours[z] = even_odd(polygons, size, origin[:2], spacing)
    peer = rt_utils.RTStructBuilder.create_from(dicom_series_path=str(folder), rt_struct_path=str(folder / "rt.dcm"))
    theirs = peer.get_roi_mask_by_name("ROI-1").transpose(2, 0, 1)
    return {
        "name": file.StructureSetROISequence[0].ROIName,
        "moments": moments(ours),
        "rt_utils": {"voxels": int(theirs.sum()), "only_theirs": int((theirs & ~ours).sum()),
                     "only_ours": int((ours & ~theirs).sum())},
    }


names = {"binary": 1.25, "binary_fractional": 1.25, "binary_overlap": 1.25, "binary_single_frame": 5.0,
         "true_fractional": 1.25}
golden = {f"seg_image_ct_{name}.dcm": segmentation(f"seg_image_ct_{name}.dcm", gap) for name, gap in names.items()}
(here / "segmentations.json").write_text(json.dumps(golden, indent=1) + "\n")
(here / "structure_set.json").write_text(json.dumps(structure_set(), indent=1) + "\n")
